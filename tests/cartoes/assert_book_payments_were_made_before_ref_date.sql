-- Invariant: a book counts exactly the payments made before its reference date for the invoices in the window.
{{ config(tags=['audit']) }}

with paid as (
    select
        {{ first_of_month('faturas.data_emissao') }} as mes_emissao,
        {{ first_of_month('pagamentos.data_pagamento') }} as mes_pagamento,
        count(*) as total_pagamentos,
        sum(pagamentos.valor_pagamento) as valor_total_pagamentos
    from {{ ref('stg_cartoes__pagamentos') }} as pagamentos
    inner join {{ ref('stg_cartoes__faturas') }} as faturas on pagamentos.id_fatura = faturas.id_fatura
    group by {{ first_of_month('faturas.data_emissao') }}, {{ first_of_month('pagamentos.data_pagamento') }}
),

expected as (
    select
        datas.ref_date,
        sum(paid.total_pagamentos) as total_pagamentos,
        sum(paid.valor_total_pagamentos) as valor_total_pagamentos
    from {{ ref('int_cartoes__datas_referencia') }} as datas
    inner join paid
        on
            datas.ref_date > paid.mes_pagamento
            and datas.ref_date > paid.mes_emissao
            and {{ add_months('datas.ref_date', -12) }} <= paid.mes_emissao
    group by datas.ref_date
)

select
    book.ref_date,
    book.total_pagamentos,
    book.valor_total_pagamentos,
    expected.total_pagamentos as expected_total_pagamentos,
    expected.valor_total_pagamentos as expected_valor_total_pagamentos
from {{ ref('book_faturas_carteira') }} as book
inner join {{ ref('int_cartoes__datas_referencia') }} as datas on book.ref_date = datas.ref_date
left join expected on book.ref_date = expected.ref_date
where
    book.periodo = 'U12M'
    and (
        book.total_pagamentos <> coalesce(expected.total_pagamentos, 0)
        or book.valor_total_pagamentos <> coalesce(expected.valor_total_pagamentos, 0)
    )
