{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_mensageria__arquivos',
    units_where="table_name in ('notifications', 'fechamentos')",
    units_at_once=100000,
    key=['customer_id', 'event_date', 'lancado_em']
) }}

-- depends_on: {{ ref('int_mensageria__arquivos') }}
with destinos as (
    select * from {{ ref('int_mensageria__destinos') }}
),

-- A new file touches the days of its messages. A new closing touches its own day, and the days of late messages that
-- stood or stand on its bill.
fechamentos_novos as (
    select data from {{ ref('int_mensageria__dias_fechados') }}
    where true {{ and_unit_is_missing('file_id') }}
),

touched_keys as (
    select event_date from {{ ref('int_mensageria__dias_por_arquivo') }}
    where true {{ and_unit_is_missing('file_id') }}
    union
    select data as event_date from fechamentos_novos
    union
    select destinos.event_date
    from destinos
    inner join fechamentos_novos on destinos.lancado_em = fechamentos_novos.data
),

contagens as (
    select * from {{ ref('int_mensageria__contagens') }}
    where {{ is_touched('event_date') }}
),

copias as (
    select * from {{ ref('int_mensageria__copias') }}
    where {{ is_touched('event_date') }}
),

-- A message counts on the first bill that any of its copies stands on, which may not be that of the copy that is kept.
copias_lancadas as (
    select
        copias.customer_id,
        copias.event_date,
        min(coalesce(destinos.lancado_em, copias.event_date)) as lancado_em,
        min(case
            when copias.file_id = copias.kept_file_id and copias.kafka_offset = copias.kept_offset
                then coalesce(destinos.lancado_em, copias.event_date)
        end) as mantida_lancada_em
    from copias
    left join destinos
        on
            copias.file_id = destinos.file_id
            and copias.event_date = destinos.event_date
            and copias.ate_offset = destinos.ate_offset
            and destinos.vezes = 1
    group by copias.customer_id, copias.event_date, copias.kept_file_id, copias.kept_offset
),

linhas as (
    select
        contagens.customer_id,
        contagens.event_date,
        coalesce(destinos.lancado_em, contagens.event_date) as lancado_em,
        contagens.notificacoes * coalesce(destinos.vezes, 1) as notificacoes,
        case when coalesce(destinos.vezes, 1) = 1 then contagens.customer_name end as customer_name,
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
        null as customer_name,
        null as ultimo_evento
    from copias_lancadas
    cross join (values (1), (-1)) as vezes (vezes)
    where copias_lancadas.lancado_em < copias_lancadas.mantida_lancada_em
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
)

select * from lancamentos
