{{ config(
    materialized='by_version',
    unit='file_id',
    unit_version='file_id',
    units='int_mensageria__reconciliacao',
    units_where="table_name = 'chatbot' and difference_rows = 0",
    key=['customer', 'flow', 'session', 'answer_key']
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

events as (
    select * from {{ ref('stg_mensageria__chatbot') }}
    where {{ is_touched('(customer, flow, session)') }}
),

arquivos as (
    select * from {{ ref('base_mensageria__arquivos') }}
),

located_events as (
    select
        events.*,
        arquivos.source_file
    from events
    inner join arquivos on events.file_id = arquivos.file_id
),

given_answers as (
    {{ map_entries_of(
        'located_events',
        map='content',
        columns=['customer', 'flow', 'session', 'answered_at', 'source_file', 'line_number'],
        key='answer_key',
        value='answer_value'
    ) }}
),

last_answers as (
    select
        customer,
        flow,
        session,
        answer_key,
        max_by(answer_value, row(answered_at, source_file, line_number)) as answer_value,
        max(answered_at) as answered_at,
        count(*) as times_answered,
        min(answered_at) as first_answered_at
    from given_answers
    where answer_value is not null and not {{ matches('answer_value', blanks()) }}
    group by customer, flow, session, answer_key
)

select * from last_answers
