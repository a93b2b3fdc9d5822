{{ config(materialized='view') }}

select
    associado.nome as nome_associado,
    associado.sobrenome as sobrenome_associado,
    movimentacao.idade_na_movimentacao as idade_associado,
    movimentacao.valor_movimentacao as vlr_transacao_movimento,
    movimentacao.descricao_movimentacao as des_transacao_movimento,
    {{ view_timestamp('movimentacao.data_movimentacao') }} as data_movimento,
    cartao.numero_cartao,
    cartao.nome_impresso_cartao,
    cartao.data_criacao_cartao,
    conta.tipo_conta,
    conta.data_criacao_conta
from {{ ref('fct_movimentacao_cartao') }} as movimentacao
inner join {{ ref('dim_associado') }} as associado on movimentacao.sk_associado = associado.sk_associado
inner join {{ ref('dim_conta') }} as conta on movimentacao.sk_conta = conta.sk_conta
inner join {{ ref('dim_cartao') }} as cartao on movimentacao.sk_cartao = cartao.sk_cartao
