-- Ephemeral, because an Athena view holds timestamps only to the millisecond and microseconds decide the last answer.
{{ config(materialized='ephemeral') }}

with events as (
    select * from {{ ref('base_mensageria__chatbot') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_mensageria__chatbot_repeated') }}
),

accepted_events as (
    select
        events.customer,
        events.flow,
        events.session,
        events.timestamp as answered_at,
        events.content,
        events.file_id,
        events.line_number
    from events
    left join repeated
        on events.file_id = repeated.file_id and events.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from accepted_events
