-- How many minutes passed from sending a message to writing it to raw, by hour of arrival, in the last two days? A
-- percentile is the smallest delay that at least so many percent of the messages do not exceed. A message from a clock
-- that is ahead has none.
with notifications as (
    select * from {{ ref('base_mensageria__notifications') }}
    where reasons is null
),

last_arrival as (
    select max(ingested_at) as last_arrival_at from notifications
),

delays as (
    select
        date_trunc('hour', notifications.ingested_at) as hora,
        greatest(date_diff('second', notifications.event_datetime, notifications.ingested_at), 0) as segundos
    from notifications
    inner join last_arrival on notifications.ingested_at >= last_arrival.last_arrival_at - interval '48' hour
),

-- Few delays stand for many messages.
delays_of_hours as (
    select
        hora,
        segundos,
        count(*) as mensagens
    from delays
    group by hora, segundos
),

ranked_delays as (
    select
        *,
        sum(mensagens) over (
            partition by hora
            order by segundos
            rows between unbounded preceding and current row
        ) as mensagens_ate,
        sum(mensagens) over (partition by hora) as mensagens_da_hora
    from delays_of_hours
)

select
    hora,
    sum(mensagens) as mensagens,
    {{ divide('min(case when mensagens_ate * 100 >= mensagens_da_hora * 50 then segundos end)', '60', scale=1) }}
        as minutos_p50,
    {{ divide('min(case when mensagens_ate * 100 >= mensagens_da_hora * 99 then segundos end)', '60', scale=1) }}
        as minutos_p99
from ranked_delays
group by hora
order by hora desc
