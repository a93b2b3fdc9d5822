with por_arquivo as (
    select * from {{ ref('int_mensageria__notificacoes_por_arquivo') }}
),

partes as (
    select * from {{ ref('int_mensageria__partes') }}
),

notifications as (
    select * from {{ ref('stg_mensageria__notifications') }}
),

contagens as (
    select
        por_arquivo.file_id,
        partes.ate_offset,
        por_arquivo.customer_id,
        por_arquivo.customer_name,
        por_arquivo.event_date,
        por_arquivo.notificacoes,
        {{ view_timestamp('por_arquivo.ultimo_evento') }} as ultimo_evento
    from por_arquivo
    inner join partes on por_arquivo.file_id = partes.file_id
    where partes.partes_do_arquivo = 1
    union all
    select
        notifications.file_id,
        partes.ate_offset,
        notifications.customer_id,
        notifications.customer_name,
        notifications.event_date,
        count(*) as notificacoes,
        {{ view_timestamp('max(notifications.event_datetime)') }} as ultimo_evento
    from notifications
    inner join partes on notifications.file_id = partes.file_id
    where
        partes.partes_do_arquivo > 1
        and notifications.kafka_offset >= partes.de_offset
        and notifications.kafka_offset <= partes.ate_offset
    group by
        notifications.file_id,
        partes.ate_offset,
        notifications.customer_id,
        notifications.customer_name,
        notifications.event_date
)

select * from contagens
