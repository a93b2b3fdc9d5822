{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    post_hook="{{ delete_stale_rows(ref('chatbot_answers'), 'input_version') }}"
) }}

select
    customer,
    flow,
    session,
    min(first_answered_at) as first_answer_dt,
    max(answered_at) as last_answer_dt,
    count(*) as answers_count,
    {{ map_of('answer_key', 'answer_value') }} as answers,
    input_version
from {{ ref('chatbot_answers') }}
{%- if is_incremental() %}
where input_version not in (select known.input_version from {{ this }} as known)
{%- endif %}
group by customer, flow, session, input_version
