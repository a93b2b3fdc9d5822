{{ config(materialized='view') }}

with movimentacoes as (
    select * from {{ ref('fct_movimentacao_cartao') }}
    where -1 in (sk_cartao, sk_conta, sk_associado)
),

contas as (
    select * from {{ ref('dim_conta') }}
),

cartoes as (
    select * from {{ ref('dim_cartao') }}
),

movimentacoes_orfas as (
    select
        movimentacoes.id_movimentacao,
        movimentacoes.id_cartao,
        cartoes.id_conta,
        contas.id_associado,
        case
            when movimentacoes.sk_cartao = -1 then 'cartao'
            when movimentacoes.sk_conta = -1 then 'conta'
            else 'associado'
        end as desconhecido,
        {{ view_timestamp('movimentacoes.data_movimentacao') }} as data_movimentacao,
        movimentacoes.valor_movimentacao
    from movimentacoes
    inner join cartoes on movimentacoes.sk_cartao = cartoes.sk_cartao
    inner join contas on movimentacoes.sk_conta = contas.sk_conta
)

select * from movimentacoes_orfas
