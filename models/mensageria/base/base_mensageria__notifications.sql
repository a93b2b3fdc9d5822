{{ config(
    units='base_mensageria__arquivos',
    units_where="table_name = 'notifications'",
    partitioned_by=['month(event_date)']
) }}

with landed as (
    select * from {{ source('mensageria', 'notifications') }}
    where true {{ and_unit_is_missing('file_id') }}
),

-- depends_on: {{ ref('base_mensageria__arquivos') }}
-- The text of the message is most of the bytes and is not copied; a file and line find it again.
typed_rows as (
    select
        file_id,
        _line_number as line_number,
        _raw_row as raw_row,
        _row_problem as row_problem,
        _extra_columns as extra_columns,
        {{ to_text('customer_id') }},
        {{ to_text('message_id') }},
        {{ to_text('customer_name') }},
        {{ to_text('channel') }},
        {{ to_timestamp('event_datetime') }},
        _partition,
        _offset,
        cast({{ view_timestamp('_ingested_at') }} as {{ timestamp_type() }}) as _ingested_at
    from landed
),

judged_rows as (
    select
        *,
        {{ reasons(
            source('mensageria', 'notifications'),
            rules={'event_datetime:after_arrival': "event_datetime > _ingested_at + interval '1' day"}
        ) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

notifications as (
    select
        file_id,
        line_number,
        case
            when reasons is not null then concat_ws(
                '|',
                cast(_partition as varchar),
                cast(_offset as varchar),
                coalesce(raw_row, concat_ws(
                    '|',
                    coalesce(customer_id_cell, ''),
                    coalesce(message_id_cell, ''),
                    coalesce(customer_name_cell, ''),
                    coalesce(channel_cell, ''),
                    coalesce(event_datetime_cell, '')
                ))
            )
        end as raw_row,
        reasons,
        warnings,
        extra_columns,
        customer_id,
        message_id,
        customer_name,
        channel,
        event_datetime,
        date_trunc('minute', event_datetime) as event_minute,
        {{ billing_day('event_datetime') }} as event_date,
        _partition as kafka_partition,
        _offset as kafka_offset,
        _ingested_at as ingested_at
    from judged_rows
)

select * from notifications
