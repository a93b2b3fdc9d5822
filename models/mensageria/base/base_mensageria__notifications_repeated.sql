{{ config(
    units='base_mensageria__arquivos',
    units_where="table_name = 'notifications'",
    units_at_once=100000,
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

-- depends_on: {{ ref('base_mensageria__arquivos') }}
-- Unlike elsewhere the first to arrive is kept, because it may have been billed. A copy has the time of its original,
-- so only the rows of its day are compared. Each CTE reads the table itself: one that two others read would be copied.
with touched_keys as (
    select
        customer_id,
        message_id,
        event_date
    from {{ ref('base_mensageria__notifications') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

repeated_keys as (
    select
        customer_id,
        message_id,
        event_date
    from {{ ref('base_mensageria__notifications') }}
    where reasons is null and {{ is_touched('(customer_id, message_id, event_date)') }}
    group by customer_id, message_id, event_date
    having count(*) > 1
),

candidate_rows as (
    select notifications.*
    from {{ ref('base_mensageria__notifications') }} as notifications
    inner join repeated_keys
        on
            notifications.customer_id = repeated_keys.customer_id
            and notifications.message_id = repeated_keys.message_id
            and notifications.event_date = repeated_keys.event_date
    where notifications.reasons is null
),

ranked_rows as (
    select
        *,
        {%- set by_arrival = 'order by ingested_at, kafka_partition, kafka_offset, file_id' %}
        first_value(file_id) over (partition by customer_id, message_id, event_date {{ by_arrival }}) as kept_file_id,
        first_value(kafka_offset) over (
            partition by customer_id, message_id, event_date {{ by_arrival }}
        ) as kept_offset,
        row_number() over (partition by customer_id, message_id, event_date {{ by_arrival }}) as rank_in_key,
        row_number() over (
            partition by customer_id, message_id, event_date, event_datetime, channel, customer_name
            {{ by_arrival }}
        ) as rank_in_content
    from candidate_rows
),

repeated_rows as (
    select
        file_id,
        line_number,
        customer_id,
        message_id,
        customer_name,
        event_date,
        kafka_offset,
        kept_file_id,
        kept_offset,
        case when rank_in_content > 1 then 'duplicate' else 'superseded' end as disposition
    from ranked_rows
    where rank_in_key > 1
)

select * from repeated_rows
