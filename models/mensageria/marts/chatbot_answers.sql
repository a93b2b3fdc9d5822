{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    post_hook="{{ delete_stale_rows(ref('int_mensageria__chatbot_sessions'), 'input_version') }}"
) }}

with sessions as (
    select *
    from {{ ref('int_mensageria__chatbot_sessions') }}
    {%- if is_incremental() %}
    where input_version not in (select known.input_version from {{ this }} as known)
    {%- endif %}
),

events as (
    select
        stg.customer,
        stg.flow,
        stg.session,
        stg.content,
        stg.answered_at,
        stg.line_number,
        arquivos.source_file,
        sessions.input_version
    from {{ ref('stg_mensageria__chatbot') }} as stg
    inner join sessions
        on stg.customer = sessions.customer and stg.flow = sessions.flow and stg.session = sessions.session
    inner join {{ ref('base_mensageria__arquivos') }} as arquivos on stg.file_id = arquivos.file_id
),

answers as (
    {{ map_entries_of(
        'events',
        map='content',
        columns=['customer', 'flow', 'session', 'answered_at', 'source_file', 'line_number', 'input_version'],
        key='answer_key',
        value='answer_value'
    ) }}
)

select
    customer,
    flow,
    session,
    answer_key,
    max_by(answer_value, row(answered_at, source_file, line_number)) as answer_value,
    max(answered_at) as answered_at,
    count(*) as times_answered,
    min(answered_at) as first_answered_at,
    input_version
from answers
where answer_value is not null and not {{ matches('answer_value', blanks()) }}
group by customer, flow, session, answer_key, input_version
