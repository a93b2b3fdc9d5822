{{ config(materialized='by_version', unit='file_id', units='int_recebimento__arquivos') }}

{{ reconciled_files(
    [
        (source('recebimento', 'eventos_lote'), ref('base_recebimento__eventos_lote'), ref('base_recebimento__eventos_lote_repeated')),
        (source('recebimento', 'verificacoes'), ref('base_recebimento__verificacoes'), ref('base_recebimento__verificacoes_repeated'))
    ],
    files=ref('int_recebimento__arquivos')
) }}
