create table messages as
select
    customer_id,
    message_id,
    any_value(channel) as channel,
    min(cast(event_datetime as timestamptz)) as sent_at
from read_parquet('{raw}/mensageria/notifications/*/*/*.parquet')
group by customer_id, message_id, cast(cast(event_datetime as timestamptz) as date);

create table minutes as
select
    customer_id,
    channel,
    date_trunc('minute', sent_at) as minuto,
    count(*) as notificacoes
from messages
group by all;

create table bill as
select
    customer_id,
    cast(minuto as date) as data,
    sum(notificacoes) as notificacoes,
    cast(sum(notificacoes) * 0.04 as decimal(18, 2)) as valor
from minutes
group by all;

create table panel as
with last_messages as (
    select
        customer_id,
        max(event_datetime) as event_datetime
    from read_parquet('{raw}/mensageria/notifications/*/*/*.parquet')
    group by customer_id
),

names as (
    select
        customer_id,
        max(customer_name) as customer_name
    from read_parquet('{raw}/mensageria/notifications/*/*/*.parquet')
    semi join last_messages using (customer_id, event_datetime)
    group by customer_id
)

select
    customer_id,
    customer_name,
    notificacoes
from bill
inner join names using (customer_id);
