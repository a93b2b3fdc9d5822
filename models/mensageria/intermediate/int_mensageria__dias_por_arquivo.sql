{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_mensageria__arquivos',
    units_where="table_name = 'notifications'"
) }}

-- depends_on: {{ ref('int_mensageria__arquivos') }}
-- A file that brings nothing but copies has days too: a copy may be the one that was there when a day was closed.
with por_arquivo as (
    select * from {{ ref('int_mensageria__notificacoes_por_arquivo') }}
    where true {{ and_unit_is_missing('file_id') }}
),

repeated as (
    select * from {{ ref('base_mensageria__notifications_repeated') }}
    where true {{ and_unit_is_missing('file_id') }}
),

dias as (
    select
        file_id,
        event_date
    from por_arquivo
    union
    select
        file_id,
        event_date
    from repeated
)

select * from dias
