select
    customer,
    flow,
    session,
    min(first_answered_at) as first_answer_dt,
    max(answered_at) as last_answer_dt,
    count(*) as answers_count,
    {{ map_of('answer_key', 'answer_value') }} as answers
from {{ ref('chatbot_answers') }}
group by customer, flow, session
