{{ config(materialized='view') }}

with notifications as (
    select * from {{ ref('stg_mensageria__notifications') }}
),

payloads as (
    select
        file_id,
        _line_number as line_number,
        payload
    from {{ without_catalog(source('mensageria', 'notifications')) }}
),

relatorio as (
    select
        notifications.customer_id,
        notifications.message_id,
        payloads.payload,
        {{ view_timestamp('notifications.event_datetime') }} as event_datetime,
        notifications.channel,
        notifications.event_date as data
    from notifications
    inner join payloads
        on notifications.file_id = payloads.file_id and notifications.line_number = payloads.line_number
    order by notifications.customer_id, notifications.event_datetime, notifications.message_id
)

select * from relatorio
