{{ config(materialized='table') }}

with arquivos as (
    select * from {{ source('landing', 'arquivos') }}
    where source_name = 'mensageria'
)

select * from arquivos
