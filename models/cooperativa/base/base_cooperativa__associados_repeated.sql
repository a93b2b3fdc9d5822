{{ config(materialized='table') }}

{{ repeated_rows(
    source('cooperativa', 'associado'),
    rows=ref('base_cooperativa__associados'),
    files=ref('base_cooperativa__arquivos')
) }}
