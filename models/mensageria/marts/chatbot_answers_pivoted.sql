{{ config(
    materialized='view',
    contract={'enforced': false},
    post_hook="{{ create_flow_views(this) }}"
) }}

-- depends_on: {{ ref('chatbot_keys') }}
with sessions as (
    select
        customer,
        flow,
        session,
        {{ view_timestamp('first_answer_dt') }} as first_answer_dt,
        {{ view_timestamp('last_answer_dt') }} as last_answer_dt,
        answers
    from {{ ref('chatbot_sessions') }}
)

select
    customer,
    flow,
    session,
    first_answer_dt,
    last_answer_dt
    {%- for key, column in chatbot_columns() %},
    {{ map_value('answers', key) }} as {{ adapter.quote(column) }}
    {%- endfor %}
from sessions
