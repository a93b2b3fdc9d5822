{{ config(materialized='view') }}

-- On another day the id is another message's, and both are billed. A view, because only a person who looks needs it.
with notifications as (
    select * from {{ ref('stg_mensageria__notifications') }}
),

repetidas as (
    select
        customer_id,
        message_id,
        cast(count(*) as bigint) as dias,
        min(event_date) as primeiro_dia,
        max(event_date) as ultimo_dia
    from notifications
    group by customer_id, message_id
    having count(*) > 1
)

select * from repetidas
