{{ config(materialized='by_version', unit='file_id', units='int_mensageria__arquivos') }}

{{ reconciled_files(
    [
        (source('mensageria', 'invoices'), ref('base_mensageria__invoices'), ref('base_mensageria__invoices_repeated')),
        (source('mensageria', 'chatbot'), ref('base_mensageria__chatbot'), ref('base_mensageria__chatbot_repeated')),
        (source('mensageria', 'notifications'), ref('base_mensageria__notifications'), ref('base_mensageria__notifications_repeated')),
        (source('mensageria', 'fechamentos'), ref('base_mensageria__fechamentos'), ref('base_mensageria__fechamentos_repeated')),
        (source('mensageria', 'lacunas'), ref('base_mensageria__lacunas'), ref('base_mensageria__lacunas_repeated'))
    ],
    files=ref('int_mensageria__arquivos')
) }}
