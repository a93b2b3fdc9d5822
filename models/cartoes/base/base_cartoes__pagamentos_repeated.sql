{{ config(materialized='table') }}

{{ repeated_rows(
    source('cartoes', 'tb_pagamentos'),
    rows=ref('base_cartoes__pagamentos'),
    files=ref('base_cartoes__arquivos')
) }}
