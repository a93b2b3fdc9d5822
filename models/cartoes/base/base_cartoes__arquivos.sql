{{ config(materialized='table') }}

with faturas as (
    {{ raw_files(source('cartoes', 'tb_faturas')) }}
),

pagamentos as (
    {{ raw_files(source('cartoes', 'tb_pagamentos')) }}
)

select * from faturas
union all
select * from pagamentos
