{{ config(materialized='by_version', unit='file_id', units='int_cartoes__arquivos') }}

{{ reconciled_files(
    [
        (source('cartoes', 'tb_faturas'), ref('base_cartoes__faturas'), ref('base_cartoes__faturas_repeated')),
        (source('cartoes', 'tb_pagamentos'), ref('base_cartoes__pagamentos'), ref('base_cartoes__pagamentos_repeated'))
    ],
    files=ref('int_cartoes__arquivos')
) }}
