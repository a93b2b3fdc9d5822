{{ config(materialized='table') }}

{{ repeated_rows(
    source('cartoes', 'tb_faturas'),
    rows=ref('base_cartoes__faturas'),
    files=ref('base_cartoes__arquivos')
) }}
