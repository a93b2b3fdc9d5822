{{ config(
    materialized='by_version',
    unit='file_id',
    unit_version='file_id',
    units='base_mensageria__arquivos',
    units_where="table_name = 'notifications'"
) }}

with notifications as (
    select * from {{ ref('base_mensageria__notifications') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_mensageria__arquivos') }}
),

ranges as (
    select
        file_id,
        min(kafka_partition) as particao,
        min(kafka_offset) as menor_offset,
        max(kafka_offset) as ultimo_offset,
        min(case when reasons is null then event_datetime end) as primeiro_evento,
        max(case when reasons is null and event_datetime <= ingested_at then event_datetime end) as ultimo_evento
    from notifications
    group by file_id
),

posicoes as (
    select
        ranges.file_id,
        {{ topic_of('arquivos.source_file') }} as topico,
        ranges.particao,
        least(
            coalesce({{ start_offset_of('arquivos.source_file') }}, ranges.menor_offset), ranges.menor_offset
        ) as primeiro_offset,
        ranges.ultimo_offset,
        ranges.primeiro_evento,
        ranges.ultimo_evento,
        arquivos.reference_period as chegada
    from ranges
    inner join arquivos on ranges.file_id = arquivos.file_id
)

select * from posicoes
