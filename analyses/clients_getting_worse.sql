-- Which clients paid on time a year ago and no longer do? For the latest reference date.
with books as (
    select * from {{ ref('book_faturas_cliente') }}
),

latest_books as (
    select *
    from books
    where ref_date = (select max(ref_date) from books)
)

select
    id_cliente,
    percentual_pagamento_prazo_u12m,
    percentual_pagamento_prazo_u3m,
    valor_inadimplente_u3m
from latest_books
where
    total_faturas_u3m >= 2
    and percentual_pagamento_prazo_u3m < percentual_pagamento_prazo_u12m - 30
order by valor_inadimplente_u3m desc, id_cliente
