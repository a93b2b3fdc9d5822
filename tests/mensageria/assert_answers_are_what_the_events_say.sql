-- Invariant: answers and sessions built file by file equal those counted from all accepted events at once.
{{ config(tags=['audit']) }}

with events as (
    select * from {{ ref('stg_mensageria__chatbot') }}
),

answers as (
    {{ map_entries_of(
        'events',
        map='content',
        columns=['customer', 'flow', 'session', 'answered_at'],
        key='answer_key',
        value='answer_value'
    ) }}
),

counted_answers as (
    select
        customer,
        flow,
        session,
        answer_key,
        count(*) as times_answered,
        min(answered_at) as first_answered_at,
        max(answered_at) as answered_at
    from answers
    where not {{ matches('answer_value', blanks()) }}
    group by customer, flow, session, answer_key
),

built_answers as (
    select
        customer,
        flow,
        session,
        answer_key,
        times_answered,
        first_answered_at,
        answered_at
    from {{ ref('chatbot_answers') }}
),

counted_sessions as (
    select
        customer,
        flow,
        session,
        count(*) as answers_count,
        min(first_answered_at) as first_answer_dt,
        max(answered_at) as last_answer_dt
    from counted_answers
    group by customer, flow, session
),

built_sessions as (
    select
        customer,
        flow,
        session,
        answers_count,
        first_answer_dt,
        last_answer_dt
    from {{ ref('chatbot_sessions') }}
)

select session
from (
    select * from counted_answers
    except
    select * from built_answers
) as not_built
union all
select session
from (
    select * from built_answers
    except
    select * from counted_answers
) as not_in_the_events
union all
select session
from (
    select * from counted_sessions
    except
    select * from built_sessions
) as not_built
union all
select session
from (
    select * from built_sessions
    except
    select * from counted_sessions
) as not_in_the_events
