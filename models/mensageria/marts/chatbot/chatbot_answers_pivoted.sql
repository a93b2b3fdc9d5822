{{ config(
    materialized='view',
    contract={'enforced': false},
    post_hook="{{ create_flow_views(this) }}"
) }}

-- depends_on: {{ ref('chatbot_keys') }}
with sessions as (
    select * from {{ ref('chatbot_sessions') }}
),

pivoted_sessions as (
    select
        customer,
        flow,
        session,
        {{ view_timestamp('first_answer_dt') }} as first_answer_dt,
        {{ (
            [view_timestamp('last_answer_dt') ~ ' as last_answer_dt'] + answer_columns('answers')
        ) | join(',\n        ') }}
    from sessions
)

select * from pivoted_sessions
