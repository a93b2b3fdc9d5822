with answers as (
    select * from {{ ref('chatbot_answers') }}
),

first_times as (
    select
        flow,
        answer_key,
        min(first_answered_at) as first_answered_at
    from answers
    group by flow, answer_key
),

named_keys as (
    select
        flow,
        answer_key,
        {{ name_for('answer_key', prefix='key_') }} as column_name,
        'chatbot_flow_' || {{ name_for('flow') }} as relation_name,
        row_number() over (partition by flow order by first_answered_at, answer_key) as position_in_flow,
        first_answered_at
    from first_times
)

select * from named_keys
