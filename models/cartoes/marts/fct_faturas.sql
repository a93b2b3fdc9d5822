{{ config(partitioned_by=['month(data_emissao)']) }}

with faturas as (
    select * from {{ ref('stg_cartoes__faturas') }}
),

pagamentos as (
    select * from {{ ref('int_cartoes__pagamentos_por_fatura') }}
),

-- No clock: what is unpaid is judged on the last day of which the data tells anything.
ultimo_dia as (
    select max(dia) as data_base
    from (
        select max(data_emissao) as dia from faturas
        union all
        select max(data_ultimo_pagamento) as dia from pagamentos
    ) as dias
),

faturas_pagas as (
    select
        faturas.id_fatura,
        faturas.id_cliente,
        faturas.data_emissao,
        faturas.data_vencimento,
        faturas.valor_fatura,
        faturas.valor_pagamento_minimo,
        coalesce(pagamentos.valor_pago, 0) as valor_pago,
        coalesce(pagamentos.total_pagamentos, 0) as total_pagamentos,
        pagamentos.data_primeiro_pagamento,
        pagamentos.data_ultimo_pagamento,
        ultimo_dia.data_base
    from faturas
    left join pagamentos on faturas.id_fatura = pagamentos.id_fatura
    cross join ultimo_dia
)

select
    id_fatura,
    id_cliente,
    data_emissao,
    data_vencimento,
    valor_fatura,
    valor_pagamento_minimo,
    cast(valor_pago as decimal(18, 2)) as valor_pago,
    cast(total_pagamentos as integer) as total_pagamentos,
    data_primeiro_pagamento,
    data_ultimo_pagamento,
    cast(
        case
            when coalesce(data_primeiro_pagamento, data_base) > data_vencimento
                then date_diff('day', data_vencimento, coalesce(data_primeiro_pagamento, data_base))
            else 0
        end as integer
    ) as dias_atraso,
    cast(case when valor_pago < valor_fatura then valor_fatura - valor_pago else 0 end as decimal(18, 2))
        as saldo_em_aberto,
    case
        when data_primeiro_pagamento < data_vencimento then 'paga_antecipada'
        when data_primeiro_pagamento = data_vencimento then 'paga_no_prazo'
        when data_primeiro_pagamento > data_vencimento then 'paga_em_atraso'
        when data_vencimento < data_base then 'vencida'
        else 'em_aberto'
    end as situacao
from faturas_pagas
