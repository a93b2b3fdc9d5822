{{ config(materialized='by_version', unit='event_date', units='int_mensageria__dias') }}

-- depends_on: {{ ref('int_mensageria__dias') }}
with contagens as (
    select * from {{ ref('int_mensageria__contagens') }}
    where true {{ and_unit_is_missing('event_date') }}
),

copias as (
    select * from {{ ref('int_mensageria__copias') }}
    where true {{ and_unit_is_missing('event_date') }}
),

destinos as (
    select * from {{ ref('int_mensageria__destinos') }}
),

dias_fechados as (
    select * from {{ ref('int_mensageria__dias_fechados') }}
),

copias_situadas as (
    select
        copias.customer_id,
        copias.customer_name,
        copias.event_date,
        copias.kept_file_id,
        copias.kept_offset,
        copias.file_id = copias.kept_file_id and copias.kafka_offset = copias.kept_offset as e_mantida,
        coalesce(destinos.lancado_em, copias.event_date) as lancado_em
    from copias
    left join destinos
        on
            copias.file_id = destinos.file_id
            and copias.event_date = destinos.event_date
            and copias.ate_offset = destinos.ate_offset
),

-- A message counts on the bill that was closed first of those on which its copies stand, or else on the first that is
-- open. That may not be the bill of the copy that is kept.
copias_lancadas as (
    select
        copias.customer_id,
        copias.event_date,
        min_by(
            copias.lancado_em,
            row(coalesce(dias_fechados.fechado_em, timestamp '9999-12-31 00:00:00'), copias.lancado_em)
        ) as lancado_em,
        min_by(
            copias.customer_name,
            row(
                coalesce(dias_fechados.fechado_em, timestamp '9999-12-31 00:00:00'),
                copias.lancado_em,
                copias.customer_name
            )
        ) filter (where copias.customer_name is not null) as customer_name,
        min(case when copias.e_mantida then copias.lancado_em end) as mantida_lancada_em
    from copias_situadas as copias
    left join dias_fechados on copias.lancado_em = dias_fechados.data
    group by copias.customer_id, copias.event_date, copias.kept_file_id, copias.kept_offset
),

linhas as (
    select
        contagens.customer_id,
        contagens.event_date,
        coalesce(destinos.lancado_em, contagens.event_date) as lancado_em,
        contagens.notificacoes,
        contagens.customer_name,
        contagens.ultimo_evento
    from contagens
    left join destinos
        on
            contagens.file_id = destinos.file_id
            and contagens.event_date = destinos.event_date
            and contagens.ate_offset = destinos.ate_offset
    union all
    select
        copias_lancadas.customer_id,
        copias_lancadas.event_date,
        case
            when vezes.vezes = 1 then copias_lancadas.lancado_em else copias_lancadas.mantida_lancada_em
        end as lancado_em,
        vezes.vezes as notificacoes,
        -- The name of the copy, if no other message of the line tells one.
        case when vezes.vezes = 1 then copias_lancadas.customer_name end as customer_name,
        {{ view_timestamp("timestamp '1900-01-01 00:00:00'") }} as ultimo_evento
    from copias_lancadas
    cross join (values (1), (-1)) as vezes (vezes)
    where copias_lancadas.lancado_em <> copias_lancadas.mantida_lancada_em
),

lancamentos as (
    select
        customer_id,
        event_date,
        lancado_em,
        cast(sum(notificacoes) as bigint) as notificacoes,
        max_by(customer_name, row(ultimo_evento, customer_name)) filter (where customer_name is not null)
            as customer_name
    from linhas
    group by customer_id, event_date, lancado_em
    having sum(notificacoes) <> 0
)

select * from lancamentos
