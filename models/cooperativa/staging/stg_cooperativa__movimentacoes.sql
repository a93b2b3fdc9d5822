-- Ephemeral, because an Athena view holds timestamps only to the millisecond.
{{ config(materialized='ephemeral') }}

with movimentacoes as (
    select * from {{ ref('base_cooperativa__movimentacoes') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_cooperativa__movimentacoes_repeated') }}
),

movimentacoes_aceitas as (
    select
        movimentacoes.id_movimentacao,
        movimentacoes.id_cartao,
        movimentacoes.valor_movimentacao,
        movimentacoes.descricao_movimentacao,
        movimentacoes.data_movimentacao,
        movimentacoes.file_id,
        movimentacoes.line_number
    from movimentacoes
    left join repeated
        on movimentacoes.file_id = repeated.file_id and movimentacoes.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from movimentacoes_aceitas
