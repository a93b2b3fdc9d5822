{{ config(materialized='by_version', unit='file_id', units='int_mensageria__arquivos') }}

{{ reconciled_files(
    [
        (source('mensageria', 'invoices'), ref('base_mensageria__invoices'), ref('base_mensageria__invoices_repeated')),
        (source('mensageria', 'chatbot'), ref('base_mensageria__chatbot'), ref('base_mensageria__chatbot_repeated'))
    ],
    files=ref('int_mensageria__arquivos')
) }}
