{{ config(materialized='view') }}

with faturas as (
    select * from {{ ref('int_cartoes__faturas_pagas') }}
),

arquivos as (
    select * from {{ ref('int_cartoes__reconciliacao') }}
),

-- No clock: an unpaid invoice is judged as of the latest date in the data, so a rebuild gives the same result.
ultimo_dia as (
    select max(last_accepted_date) as data_base
    from arquivos
),

faturas_julgadas as (
    select
        faturas.*,
        ultimo_dia.data_base,
        coalesce(faturas.data_primeiro_pagamento, ultimo_dia.data_base) as dia_julgado
    from faturas
    cross join ultimo_dia
),

faturas_com_situacao as (
    select
        id_fatura,
        id_cliente,
        data_emissao,
        data_vencimento,
        valor_fatura,
        valor_pagamento_minimo,
        valor_pago,
        total_pagamentos,
        data_primeiro_pagamento,
        data_ultimo_pagamento,
        cast(
            case when dia_julgado > data_vencimento then date_diff('day', data_vencimento, dia_julgado) else 0 end
            as integer
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
    from faturas_julgadas
)

select * from faturas_com_situacao
