{{ config(materialized='by_version', unit='file_id', units='int_cobranca__arquivos') }}

{{ reconciled_files(
    [(source('cobranca', 'dividas'), ref('base_cobranca__dividas'), ref('base_cobranca__dividas_repeated'))],
    files=ref('int_cobranca__arquivos')
) }}
