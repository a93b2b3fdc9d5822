{{ config(materialized='table') }}

{{ repeated_rows(
    source('cooperativa', 'cartao'),
    rows=ref('base_cooperativa__cartoes'),
    files=ref('base_cooperativa__arquivos')
) }}
