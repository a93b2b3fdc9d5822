create table answers as
select
    customer,
    flow,
    session,
    answer.key as answer_key,
    arg_max(answer.value, (moment, filename)) as answer_value,
    max(moment) as answered_at,
    min(moment) as first_answered_at,
    count(*) as times_answered
from (
    select
        * exclude (content, timestamp),
        timestamp as moment,
        unnest(map_entries(content)) as answer
    from read_json(
        '{raw}/mensageria/chatbot/**/hour=*.json',
        columns = {{
            customer: 'varchar',
            flow: 'varchar',
            session: 'varchar',
            timestamp: 'timestamptz',
            content: 'map(varchar, varchar)'
        }},
        filename = true
    )
)
where trim(answer.value) <> ''
group by all;

create table sessions as
select
    customer,
    flow,
    session,
    min(first_answered_at) as first_answer_dt,
    max(answered_at) as last_answer_dt,
    count(*) as answers_count,
    map(list(answer_key), list(answer_value)) as answers
from answers
group by all;
