select
    customer,
    account,
    {{ first_of_month('month') }} as invoice_month,
    invoice,
    file_id,
    line_number
from {{ ref('base_mensageria__invoices') }}
where disposition = 'accepted'
