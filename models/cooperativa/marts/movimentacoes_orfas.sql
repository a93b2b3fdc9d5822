{{ config(materialized='view') }}

select
    movimentacao.id_movimentacao,
    movimentacao.id_cartao,
    cartao.id_conta,
    conta.id_associado,
    case
        when movimentacao.sk_cartao = -1 then 'cartao'
        when movimentacao.sk_conta = -1 then 'conta'
        else 'associado'
    end as desconhecido,
    {{ view_timestamp('movimentacao.data_movimentacao') }} as data_movimentacao,
    movimentacao.valor_movimentacao
from {{ ref('fct_movimentacao_cartao') }} as movimentacao
inner join {{ ref('dim_cartao') }} as cartao on movimentacao.sk_cartao = cartao.sk_cartao
inner join {{ ref('dim_conta') }} as conta on movimentacao.sk_conta = conta.sk_conta
where -1 in (movimentacao.sk_cartao, movimentacao.sk_conta, movimentacao.sk_associado)
