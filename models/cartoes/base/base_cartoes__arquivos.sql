{{ config(materialized='table') }}

select *
from {{ source('landing', 'arquivos') }}
where source_name = 'cartoes'
