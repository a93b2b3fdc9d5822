select
    customer,
    account,
    invoice_month,
    sum(invoice) as invoiced
from {{ ref('stg_mensageria__invoices') }}
group by customer, account, invoice_month
