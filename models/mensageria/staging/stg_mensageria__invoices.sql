with invoices as (
    select * from {{ ref('base_mensageria__invoices') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_mensageria__invoices_repeated') }}
),

accepted_invoices as (
    select
        invoices.customer,
        invoices.account,
        {{ first_of_month('invoices.month') }} as invoice_month,
        invoices.invoice,
        invoices.file_id,
        invoices.line_number
    from invoices
    left join repeated
        on invoices.file_id = repeated.file_id and invoices.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from accepted_invoices
