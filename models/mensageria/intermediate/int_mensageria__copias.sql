-- The message that is kept is in here too, because any of its copies may have been there first when a day was closed.
with repeated as (
    select * from {{ ref('base_mensageria__notifications_repeated') }}
),

notifications as (
    select * from {{ ref('base_mensageria__notifications') }}
),

posicoes as (
    select * from {{ ref('int_mensageria__posicoes') }}
),

mantidas as (
    select distinct
        event_date,
        kept_file_id,
        kept_line_number
    from repeated
),

copias as (
    select
        customer_id,
        event_date,
        kept_file_id,
        kept_line_number,
        file_id,
        kafka_offset,
        false as is_kept
    from repeated
    union all
    select
        notifications.customer_id,
        notifications.event_date,
        mantidas.kept_file_id,
        mantidas.kept_line_number,
        notifications.file_id,
        notifications.kafka_offset,
        true as is_kept
    from mantidas
    inner join notifications
        on
            mantidas.event_date = notifications.event_date
            and mantidas.kept_file_id = notifications.file_id
            and mantidas.kept_line_number = notifications.line_number
),

copias_situadas as (
    select
        copias.*,
        posicoes.topico,
        posicoes.particao,
        posicoes.chegada
    from copias
    inner join posicoes on copias.file_id = posicoes.file_id
)

select * from copias_situadas
