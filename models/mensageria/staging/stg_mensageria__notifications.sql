-- Ephemeral, because an Athena view holds timestamps only to the millisecond.
{{ config(materialized='ephemeral') }}

with notifications as (
    select * from {{ ref('base_mensageria__notifications') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_mensageria__notifications_repeated') }}
),

accepted_notifications as (
    select
        notifications.customer_id,
        notifications.message_id,
        notifications.customer_name,
        notifications.channel,
        notifications.event_datetime,
        notifications.event_minute,
        notifications.event_date,
        notifications.kafka_partition,
        notifications.kafka_offset,
        notifications.file_id,
        notifications.line_number
    from notifications
    left join repeated
        on notifications.file_id = repeated.file_id and notifications.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from accepted_notifications
