-- Invariant: invoices and payments built file by file equal those computed from all accepted rows at once.
{{ config(tags=['audit']) }}

with invoices as (
    select
        faturas.id_fatura,
        faturas.id_cliente,
        faturas.data_emissao,
        faturas.data_vencimento,
        faturas.valor_fatura,
        count(pagamentos.id_pagamento) as total_pagamentos,
        coalesce(sum(pagamentos.valor_pagamento), 0) as valor_pago,
        min(pagamentos.data_pagamento) as data_primeiro_pagamento,
        max(pagamentos.data_pagamento) as data_ultimo_pagamento
    from {{ ref('stg_cartoes__faturas') }} as faturas
    left join {{ ref('stg_cartoes__pagamentos') }} as pagamentos on faturas.id_fatura = pagamentos.id_fatura
    group by
        faturas.id_fatura, faturas.id_cliente, faturas.data_emissao, faturas.data_vencimento, faturas.valor_fatura
),

built_invoices as (
    select
        id_fatura,
        id_cliente,
        data_emissao,
        data_vencimento,
        valor_fatura,
        total_pagamentos,
        valor_pago,
        data_primeiro_pagamento,
        data_ultimo_pagamento
    from {{ ref('int_cartoes__faturas_pagas') }}
),

payments as (
    select
        pagamentos.id_pagamento,
        pagamentos.valor_pagamento,
        count(faturas.id_fatura) > 0 as fatura_conhecida,
        count(case when faturas.id_cliente = pagamentos.id_cliente then 1 end) > 0 as cliente_confere
    from {{ ref('stg_cartoes__pagamentos') }} as pagamentos
    left join {{ ref('stg_cartoes__faturas') }} as faturas on pagamentos.id_fatura = faturas.id_fatura
    group by pagamentos.id_pagamento, pagamentos.valor_pagamento
),

built_payments as (
    select
        id_pagamento,
        valor_pagamento,
        fatura_conhecida,
        cliente_confere
    from {{ ref('fct_pagamentos') }}
)

select id_fatura as key_that_differs
from (
    select * from invoices
    except
    select * from built_invoices
) as not_built
union all
select id_fatura as key_that_differs
from (
    select * from built_invoices
    except
    select * from invoices
) as not_in_the_rows
union all
select id_pagamento as key_that_differs
from (
    select * from payments
    except
    select * from built_payments
) as not_built
union all
select id_pagamento as key_that_differs
from (
    select * from built_payments
    except
    select * from payments
) as not_in_the_rows
