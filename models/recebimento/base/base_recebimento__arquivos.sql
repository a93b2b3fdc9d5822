{{ config(materialized='table') }}

with arquivos as (
    select * from {{ source('landing', 'arquivos') }}
    where source_name = 'recebimento'
)

select * from arquivos
