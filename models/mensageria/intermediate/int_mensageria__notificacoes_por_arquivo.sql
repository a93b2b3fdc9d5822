{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_mensageria__arquivos',
    units_where="table_name = 'notifications'"
) }}

-- depends_on: {{ ref('int_mensageria__arquivos') }}
-- Everything that counts days, bills and names reads this instead of the messages.
with notifications as (
    select * from {{ ref('stg_mensageria__notifications') }}
    where true {{ and_unit_is_missing('file_id') }}
),

counted_files as (
    select
        file_id,
        customer_id,
        customer_name,
        event_date,
        count(*) as notificacoes,
        min(event_datetime) as primeiro_evento,
        max(event_datetime) as ultimo_evento
    from notifications
    group by file_id, customer_id, customer_name, event_date
)

select * from counted_files
