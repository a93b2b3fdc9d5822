{{ config(
    materialized='by_version',
    unit='file_id',
    unit_version='file_id',
    units='int_mensageria__reconciliacao',
    units_where="table_name = 'chatbot' and difference_rows = 0",
    key=['customer', 'flow', 'session']
) }}

-- depends_on: {{ ref('int_mensageria__reconciliacao') }}
with new_events as (
    select * from {{ ref('base_mensageria__chatbot') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

touched_keys as (
    select
        customer,
        flow,
        session
    from new_events
),

answers as (
    select * from {{ ref('chatbot_answers') }}
    where {{ is_touched('(customer, flow, session)') }}
),

sessions as (
    select
        customer,
        flow,
        session,
        min(first_answered_at) as first_answer_dt,
        max(answered_at) as last_answer_dt,
        count(*) as answers_count,
        {{ map_of('answer_key', 'answer_value') }} as answers
    from answers
    group by customer, flow, session
)

select * from sessions
