{{ config(units='base_mensageria__arquivos', units_where="table_name = 'invoices'") }}

with raw_rows as (
    {{ landed_rows('mensageria', 'invoices') }}
),

typed_rows as (
    select
        {{ lineage_columns() }},
        {{ to_text('customer') }},
        {{ to_text('account') }},
        {{ to_date('month') }},
        {{ to_amount('invoice') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('mensageria', 'invoices')) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
)

select
    file_id,
    line_number,
    {{ text_of_rejected(source('mensageria', 'invoices')) }} as raw_row,
    reasons,
    warnings,
    extra_columns,
    customer,
    account,
    month,
    invoice
from judged_rows
