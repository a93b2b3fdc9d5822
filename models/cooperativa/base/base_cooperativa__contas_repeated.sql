{{ config(materialized='table') }}

{{ repeated_rows(
    source('cooperativa', 'conta'),
    rows=ref('base_cooperativa__contas'),
    files=ref('base_cooperativa__arquivos')
) }}
