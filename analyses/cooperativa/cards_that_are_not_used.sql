-- How many current cards went unused in the last 30 days, by scheme and type, and how much did the others move?
-- The 30 days end on the day of the latest movement.
with latest_day as (
    select cast(max(data_movimentacao) as date) as dia
    from {{ ref('fct_movimentacao_cartao') }}
),

used_cards as (
    select
        movimentacao.id_cartao,
        sum(movimentacao.valor_movimentacao) as valor
    from {{ ref('fct_movimentacao_cartao') }} as movimentacao
    inner join latest_day on movimentacao.data_movimentacao >= {{ add_days('latest_day.dia', -30) }}
    group by movimentacao.id_cartao
)

select
    cartao.bandeira_cartao,
    cartao.tipo_cartao,
    count(*) as cartoes,
    count(*) - count(used_cards.id_cartao) as cartoes_sem_uso,
    coalesce(sum(used_cards.valor), 0) as valor
from {{ ref('dim_cartao') }} as cartao
left join used_cards on cartao.id_cartao = used_cards.id_cartao
where cartao.is_current and cartao.sk_cartao <> -1
group by cartao.bandeira_cartao, cartao.tipo_cartao
order by cartao.bandeira_cartao asc, cartao.tipo_cartao asc
