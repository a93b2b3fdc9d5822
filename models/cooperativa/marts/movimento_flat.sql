{{ config(materialized='view') }}

with movimentacoes as (
    select * from {{ ref('fct_movimentacao_cartao') }}
),

associados as (
    select * from {{ ref('dim_associado') }}
),

contas as (
    select * from {{ ref('dim_conta') }}
),

cartoes as (
    select * from {{ ref('dim_cartao') }}
),

movimentos as (
    select
        associados.nome as nome_associado,
        associados.sobrenome as sobrenome_associado,
        movimentacoes.idade_na_movimentacao as idade_associado,
        movimentacoes.valor_movimentacao as vlr_transacao_movimento,
        movimentacoes.descricao_movimentacao as des_transacao_movimento,
        {{ view_timestamp('movimentacoes.data_movimentacao') }} as data_movimento,
        cartoes.numero_cartao,
        cartoes.nome_impresso_cartao,
        cartoes.data_criacao_cartao,
        contas.tipo_conta,
        contas.data_criacao_conta
    from movimentacoes
    inner join associados on movimentacoes.sk_associado = associados.sk_associado
    inner join contas on movimentacoes.sk_conta = contas.sk_conta
    inner join cartoes on movimentacoes.sk_cartao = cartoes.sk_cartao
)

select * from movimentos
