{{ config(units='base_mensageria__arquivos', units_where="table_name = 'chatbot'") }}

with raw_rows as (
    {{ landed_rows('mensageria', 'chatbot') }}
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
)

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
