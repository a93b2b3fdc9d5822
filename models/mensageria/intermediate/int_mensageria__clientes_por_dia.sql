{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_mensageria__arquivos',
    units_where="table_name = 'notifications'",
    units_at_once=100000,
    key=['customer_id', 'customer_name', 'event_date']
) }}

-- depends_on: {{ ref('int_mensageria__arquivos') }}
with por_arquivo as (
    select * from {{ ref('int_mensageria__notificacoes_por_arquivo') }}
),

touched_keys as (
    select event_date from por_arquivo
    where true {{ and_unit_is_missing('file_id') }}
),

clientes as (
    select
        customer_id,
        customer_name,
        event_date,
        min(primeiro_evento) as primeiro_evento,
        max(ultimo_evento) as ultimo_evento
    from por_arquivo
    where customer_name is not null and {{ is_touched('event_date') }}
    group by customer_id, customer_name, event_date
)

select * from clientes
