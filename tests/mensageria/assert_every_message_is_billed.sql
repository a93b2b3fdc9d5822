-- Invariant: on whichever bills they stand, the messages of a customer's day are those of its minutes.
{{ config(tags=['audit']) }}

with minutos as (
    select
        customer_id,
        data,
        sum(notificacoes) as notificacoes
    from {{ ref('notificacoes_por_minuto') }}
    group by customer_id, data
),

cobradas as (
    select
        customer_id,
        coalesce(ajuste_de, data) as data,
        sum(notificacoes) as notificacoes
    from {{ ref('relatorio_cobranca_notificacoes') }}
    group by customer_id, coalesce(ajuste_de, data)
)

select
    coalesce(minutos.customer_id, cobradas.customer_id) as customer_id,
    coalesce(minutos.data, cobradas.data) as data,
    minutos.notificacoes as sent,
    cobradas.notificacoes as billed
from minutos
full outer join cobradas on minutos.customer_id = cobradas.customer_id and minutos.data = cobradas.data
where coalesce(minutos.notificacoes, 0) <> coalesce(cobradas.notificacoes, 0)
