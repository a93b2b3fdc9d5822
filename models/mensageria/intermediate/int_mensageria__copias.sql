-- The message that is kept is in here too, because any of its copies may have been there first when a day was closed.
with repeated as (
    select * from {{ ref('base_mensageria__notifications_repeated') }}
),

partes as (
    select * from {{ ref('int_mensageria__partes') }}
),

copias as (
    select
        customer_id,
        customer_name,
        event_date,
        kept_file_id,
        kept_offset,
        file_id,
        kafka_offset
    from repeated
    union
    select
        customer_id,
        cast(null as varchar) as customer_name,
        event_date,
        kept_file_id,
        kept_offset,
        kept_file_id as file_id,
        kept_offset as kafka_offset
    from repeated
),

copias_situadas as (
    select
        copias.customer_id,
        copias.customer_name,
        copias.event_date,
        copias.kept_file_id,
        copias.kept_offset,
        copias.file_id,
        copias.kafka_offset,
        partes.ate_offset
    from copias
    inner join partes
        on
            copias.file_id = partes.file_id
            and copias.kafka_offset >= partes.de_offset
            and copias.kafka_offset <= partes.ate_offset
)

select * from copias_situadas
