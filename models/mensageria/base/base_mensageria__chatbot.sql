{{ config(units='base_mensageria__arquivos', units_where="table_name = 'chatbot'") }}

with landed as (
    select * from {{ source('mensageria', 'chatbot') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_mensageria__arquivos') }}
    where table_name = 'chatbot'
),

raw_rows as (
    select
        landed.*,
        arquivos.reference_period
    from landed
    inner join arquivos on landed.file_id = arquivos.file_id
),

typed_rows as (
    select
        {{ lineage_columns() }},
        {{ to_text('customer') }},
        {{ to_text('flow') }},
        {{ to_text('session') }},
        {{ to_timestamp('timestamp') }},
        {{ to_text('content') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('mensageria', 'chatbot')) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

events as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('mensageria', 'chatbot')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        customer,
        flow,
        session,
        timestamp,
        content
    from judged_rows
)

select * from events
