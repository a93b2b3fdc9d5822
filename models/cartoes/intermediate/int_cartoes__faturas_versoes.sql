-- What is known of an invoice changes on the days on which it is paid. A version holds between two such
-- days: it is what a reference date r sees if conhecida_desde < r <= conhecida_ate.
with faturas as (
    select * from {{ ref('fct_faturas') }}
),

pagamentos as (
    select * from {{ ref('stg_cartoes__pagamentos') }}
),

-- Most invoices are paid on one day and need no look at their payments; only the others are taken apart.
pagamentos_por_dia as (
    select
        pagamentos.id_fatura,
        pagamentos.data_pagamento,
        count(*) as total_pagamentos,
        sum(pagamentos.valor_pagamento) as valor_pago
    from pagamentos
    inner join faturas on pagamentos.id_fatura = faturas.id_fatura
    where faturas.data_primeiro_pagamento < faturas.data_ultimo_pagamento
    group by pagamentos.id_fatura, pagamentos.data_pagamento
),

pagamentos_acumulados as (
    select
        id_fatura,
        data_pagamento,
        sum(total_pagamentos) over (partition by id_fatura order by data_pagamento) as total_pagamentos,
        sum(valor_pago) over (partition by id_fatura order by data_pagamento) as valor_pago,
        lead(data_pagamento) over (partition by id_fatura order by data_pagamento) as proximo_pagamento
    from pagamentos_por_dia
),

sem_pagamento as (
    select
        id_fatura,
        id_cliente,
        data_emissao,
        data_vencimento,
        valor_fatura,
        valor_pagamento_minimo,
        0 as total_pagamentos,
        cast(0 as decimal(18, 2)) as valor_pago,
        cast(null as date) as data_primeiro_pagamento,
        data_emissao as conhecida_desde,
        coalesce(data_primeiro_pagamento, date '9999-12-31') as conhecida_ate
    from faturas
    where data_primeiro_pagamento is null or data_primeiro_pagamento > data_emissao
),

pagas_num_dia as (
    select
        id_fatura,
        id_cliente,
        data_emissao,
        data_vencimento,
        valor_fatura,
        valor_pagamento_minimo,
        total_pagamentos,
        valor_pago,
        data_primeiro_pagamento,
        data_primeiro_pagamento as conhecida_desde,
        date '9999-12-31' as conhecida_ate
    from faturas
    where data_primeiro_pagamento = data_ultimo_pagamento
),

pagas_em_dias as (
    select
        faturas.id_fatura,
        faturas.id_cliente,
        faturas.data_emissao,
        faturas.data_vencimento,
        faturas.valor_fatura,
        faturas.valor_pagamento_minimo,
        cast(pagamentos_acumulados.total_pagamentos as integer) as total_pagamentos,
        cast(pagamentos_acumulados.valor_pago as decimal(18, 2)) as valor_pago,
        faturas.data_primeiro_pagamento,
        pagamentos_acumulados.data_pagamento as conhecida_desde,
        coalesce(pagamentos_acumulados.proximo_pagamento, date '9999-12-31') as conhecida_ate
    from faturas
    inner join pagamentos_acumulados on faturas.id_fatura = pagamentos_acumulados.id_fatura
)

select * from sem_pagamento
union all
select * from pagas_num_dia
union all
select * from pagas_em_dias
