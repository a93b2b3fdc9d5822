{{ config(materialized='table') }}

with associados as (
    {{ raw_files(source('cooperativa', 'associado')) }}
),

contas as (
    {{ raw_files(source('cooperativa', 'conta')) }}
),

cartoes as (
    {{ raw_files(source('cooperativa', 'cartao')) }}
),

movimentacoes as (
    {{ raw_files(source('cooperativa', 'movimentacao_cartao')) }}
)

select * from associados
union all
select * from contas
union all
select * from cartoes
union all
select * from movimentacoes
