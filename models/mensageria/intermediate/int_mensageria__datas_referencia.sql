{{ config(materialized='table') }}

-- A file can change a reference month if it has an invoice before it, because an account stays in the table from its
-- first invoice on. A repeated row always has the same content, so it changes nothing.
with arquivos as (
    select * from {{ ref('int_mensageria__reconciliacao') }}
    where table_name = 'invoices'
),

months as (
    select
        min(first_accepted_date) as first_month,
        max(last_accepted_date) as last_month
    from arquivos
),

datas as (
    {{ reference_dates('months', first='first_month', last='last_month') }}
),

primeiros_meses as (
    select
        file_id,
        {{ first_of_month('first_date') }} as first_month
    from arquivos
),

versioned_months as (
    {{ versioned_dates('datas', 'primeiros_meses', first='first_month', column='reference_month') }}
)

select * from versioned_months
