{{ config(materialized='table') }}

-- Which input can change the number of a reference month: every file with an invoice before it, because an
-- account stays in the table from its first invoice on. The same shape as int_cartoes__datas_referencia.
with invoices as (
    select
        file_id,
        {{ first_of_month('month') }} as invoice_month
    from {{ ref('base_mensageria__invoices') }}
    where reasons is null
),

months as (
    select
        min(invoice_month) as first_month,
        max(invoice_month) as last_month
    from {{ ref('stg_mensageria__invoices') }}
),

datas as (
    {{ reference_dates('months', first='first_month', last='last_month') }}
),

arquivos as (
    select
        file_id,
        min(invoice_month) as first_month
    from invoices
    group by file_id
)

{{ versioned_dates('datas', 'arquivos', first='first_month') }}
