-- Which clients pay on time much less often (over 30 points) in the last 3 months than in the last 12?
-- As of the latest reference date.
with latest_date as (
    select max(ref_date) as ref_date
    from {{ ref('book_faturas_cliente') }}
)

select
    books.id_cliente,
    books.percentual_pagamento_prazo_u12m,
    books.percentual_pagamento_prazo_u3m,
    books.valor_inadimplente_u3m
from {{ ref('book_faturas_cliente') }} as books
inner join latest_date on books.ref_date = latest_date.ref_date
where
    books.total_faturas_u3m >= 2
    and books.percentual_pagamento_prazo_u3m < books.percentual_pagamento_prazo_u12m - 30
order by books.valor_inadimplente_u3m desc, books.id_cliente asc
