with ranked_answers as (
    select
        *,
        row_number() over (
            partition by customer, flow, session, answer_key
            order by answered_at desc, source_file desc, line_number desc
        ) as rank_in_key,
        count(*) over (partition by customer, flow, session, answer_key) as times_answered,
        min(answered_at) over (partition by customer, flow, session, answer_key) as first_answered_at
    from {{ ref('int_mensageria__chatbot_answers_given') }}
)

select
    customer,
    flow,
    session,
    answer_key,
    answer_value,
    answered_at,
    times_answered,
    first_answered_at
from ranked_answers
where rank_in_key = 1
