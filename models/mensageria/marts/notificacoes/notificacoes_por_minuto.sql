{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_mensageria__arquivos',
    units_where="table_name = 'notifications'",
    units_at_once=100000,
    key=['customer_id', 'channel', 'minuto'],
    partitioned_by=['month(data)']
) }}

-- depends_on: {{ ref('int_mensageria__arquivos') }}
with notifications as (
    select * from {{ ref('stg_mensageria__notifications') }}
),

-- Whole minutes are counted again: rows are stored in the order of time, so a minute is a small part of the table.
touched_keys as (
    select event_minute from {{ ref('base_mensageria__notifications') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

minutos as (
    select
        customer_id,
        channel,
        event_minute as minuto,
        event_date as data,
        cast(count(*) as bigint) as notificacoes
    from notifications
    where {{ is_touched('event_minute') }}
    group by customer_id, channel, event_minute, event_date
)

select * from minutos
