-- Invariant: the facts hold exactly the rows and the R$ that the reconciliation counts as accepted.
with facts as (
    select
        'tb_faturas' as table_name,
        count(*) as total_rows,
        coalesce(sum(valor_fatura), 0) as total_amount
    from {{ ref('fct_faturas') }}
    union all
    select
        'tb_pagamentos' as table_name,
        count(*) as total_rows,
        coalesce(sum(valor_pagamento), 0) as total_amount
    from {{ ref('fct_pagamentos') }}
),

accepted as (
    select
        table_name,
        sum(accepted_rows) as total_rows,
        sum(accepted_amount) as total_amount
    from {{ ref('int_cartoes__reconciliacao') }}
    group by table_name
)

select
    facts.*,
    accepted.total_rows as accepted_rows,
    accepted.total_amount as accepted_amount
from facts
left join accepted on facts.table_name = accepted.table_name
where
    facts.total_rows <> coalesce(accepted.total_rows, 0)
    or facts.total_amount <> coalesce(accepted.total_amount, 0)
