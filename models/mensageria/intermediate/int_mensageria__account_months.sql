with invoices as (
    select * from {{ ref('stg_mensageria__invoices') }}
),

account_months as (
    select
        customer,
        account,
        invoice_month,
        sum(invoice) as invoiced
    from invoices
    group by customer, account, invoice_month
)

select * from account_months
