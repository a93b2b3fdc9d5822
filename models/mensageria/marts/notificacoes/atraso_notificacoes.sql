{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_mensageria__arquivos',
    units_where="table_name = 'notifications'",
    units_at_once=100000,
    key=['hora']
) }}

-- depends_on: {{ ref('int_mensageria__arquivos') }}
with touched_keys as (
    select date_trunc('hour', ingested_at) as hora from {{ ref('base_mensageria__notifications') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

touched_notifications as (
    select
        date_trunc('hour', ingested_at) as hora,
        -- A message from a clock that is ahead has no delay.
        greatest(
            date_diff('second', date_trunc('second', event_datetime), date_trunc('second', ingested_at)), 0
        ) as segundos
    from {{ ref('base_mensageria__notifications') }}
    where reasons is null and {{ is_touched("date_trunc('hour', ingested_at)") }}
),

-- Few delays stand for many messages.
delays as (
    select
        hora,
        segundos,
        count(*) as mensagens
    from touched_notifications
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
    from delays
),

-- A percentile is the smallest delay that at least so many percent of the messages do not exceed.
atrasos as (
    select
        hora,
        cast(sum(mensagens) as bigint) as mensagens,
        min(case when mensagens_ate * 100 >= mensagens_da_hora * 50 then segundos end) as segundos_p50,
        min(case when mensagens_ate * 100 >= mensagens_da_hora * 99 then segundos end) as segundos_p99
    from ranked_delays
    group by hora
)

select * from atrasos
