{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_mensageria__arquivos',
    units_where="table_name = 'notifications'"
) }}

-- depends_on: {{ ref('int_mensageria__arquivos') }}
with por_arquivo as (
    select * from {{ ref('int_mensageria__notificacoes_por_arquivo') }}
    where true {{ and_unit_is_missing('file_id') }}
),

dias as (
    select distinct
        file_id,
        event_date
    from por_arquivo
)

select * from dias
