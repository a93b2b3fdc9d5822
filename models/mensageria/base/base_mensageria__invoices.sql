{{ config(units='base_mensageria__arquivos', units_where="table_name = 'invoices'") }}

with landed as (
    select * from {{ source('mensageria', 'invoices') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_mensageria__arquivos') }}
    where table_name = 'invoices'
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
),

invoices as (
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
)

select * from invoices
