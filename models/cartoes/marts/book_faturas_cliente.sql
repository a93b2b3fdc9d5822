{{ config(
    materialized='by_version',
    unit='ref_date',
    units='int_cartoes__datas_referencia',
    units_at_once=1,
    keep_other_units=var('ref_dates') != [],
    partitioned_by=['month(ref_date)']
) }}

-- Dates are computed one at a time: the twelve months of one date fit in memory, those of all dates may not.
with datas as (
    select * from {{ ref('int_cartoes__datas_referencia') }}
    where true {{ and_unit_is_missing('ref_date') }}
),

faturas as (
    select * from {{ ref('int_cartoes__faturas_pagas') }}
),

-- The invoices are read again: DuckDB would hold a CTE with two readers in memory.
pagas_em_varios_dias as (
    select * from {{ ref('int_cartoes__faturas_pagas') }}
    where data_primeiro_pagamento < data_ultimo_pagamento
),

pagamentos as (
    select * from {{ ref('stg_cartoes__pagamentos') }}
),

-- A reference date sees all payments of most invoices, or none. For the other invoices, sum the payments before it.
pagas_em_parte as (
    select
        datas.ref_date,
        pagamentos.id_fatura,
        count(*) as total_pagamentos,
        sum(pagamentos.valor_pagamento) as valor_pago
    from pagas_em_varios_dias
    inner join datas
        on
            pagas_em_varios_dias.data_primeiro_pagamento < datas.ref_date
            and pagas_em_varios_dias.data_ultimo_pagamento >= datas.ref_date
    inner join pagamentos
        on pagas_em_varios_dias.id_fatura = pagamentos.id_fatura and datas.ref_date > pagamentos.data_pagamento
    group by datas.ref_date, pagamentos.id_fatura
),

-- One row per reference date and invoice issued before it, with only what was known before that date.
faturas_vistas as (
    select
        datas.ref_date,
        faturas.id_cliente,
        faturas.id_fatura,
        faturas.data_emissao,
        faturas.data_vencimento,
        faturas.valor_fatura,
        coalesce(faturas.valor_pagamento_minimo, faturas.valor_fatura) as valor_devido,
        date_diff('month', {{ first_of_month('faturas.data_emissao') }}, datas.ref_date) as idade_meses,
        faturas.data_vencimento < datas.ref_date as vencida,
        case when faturas.data_primeiro_pagamento < datas.ref_date then faturas.data_primeiro_pagamento end
            as data_primeiro_pagamento,
        case
            when faturas.data_ultimo_pagamento < datas.ref_date then faturas.total_pagamentos
            else coalesce(pagas_em_parte.total_pagamentos, 0)
        end as total_pagamentos,
        case
            when faturas.data_ultimo_pagamento < datas.ref_date then faturas.valor_pago
            else coalesce(pagas_em_parte.valor_pago, 0)
        end as valor_pago
    from faturas
    inner join datas on faturas.data_emissao < datas.ref_date
    left join pagas_em_parte
        on faturas.id_fatura = pagas_em_parte.id_fatura and datas.ref_date = pagas_em_parte.ref_date
),

faturas_medidas as (
    select
        ref_date,
        id_cliente,
        -- An older invoice is in no window and only keeps the client in the book.
        case when idade_meses <= 12 then idade_meses end as idade_meses,
        id_fatura,
        data_emissao,
        valor_fatura,
        total_pagamentos,
        valor_pago,
        case when data_primeiro_pagamento <= data_vencimento then 1 end as em_dia,
        case
            when data_primeiro_pagamento > data_vencimento or (data_primeiro_pagamento is null and vencida)
                then date_diff('day', data_vencimento, coalesce(data_primeiro_pagamento, ref_date))
        end as dias_atraso,
        case
            when vencida and valor_pago < valor_devido
                then case when valor_pago < valor_fatura then valor_fatura - valor_pago else 0 end
        end as valor_inadimplente
    from faturas_vistas
),

-- A client stays in the book from their first invoice on, with zeros for empty windows.
somas as (
    select
        ref_date,
        id_cliente,
        {%- for months in book_windows() %}
        {%- set in_window = ' filter (where idade_meses <= ' ~ months ~ ')' %}
        {%- for name, aggregate, expression, type in book_sums() %}
        cast({{ zero_unless_max(aggregate, aggregate ~ '(' ~ expression ~ ')' ~ in_window) }} as {{ type }})
            as {{ name }}_u{{ months }}m,
        {%- endfor %}
        {%- endfor %}
        min(data_emissao) as primeira_emissao,
        min(idade_meses) filter (where dias_atraso is not null) as meses_desde_ultimo_atraso_u12m,
        coalesce({{ bit_or(month_bit('idade_meses')) }} filter (where dias_atraso is not null), 0) as meses_em_atraso,
        coalesce({{ bit_or(month_bit('idade_meses')) }} filter (where em_dia = 1), 0) as meses_em_dia
    from faturas_medidas
    group by ref_date, id_cliente
),

sequencias as (
    select
        somas.*,
        datas.input_version,
        {{ months_on_time('somas.meses_em_atraso', 'somas.meses_em_dia') }} as meses_decididos
    from somas
    inner join datas on somas.ref_date = datas.ref_date
),

clientes_na_data as (
    select
        ref_date,
        id_cliente,
        {%- for months in book_windows() %}
        {%- for name, aggregate, expression, type in book_sums() %}
        {{ name }}_u{{ months }}m,
        {%- endfor %}
        {{ book_ratios('_u' ~ months ~ 'm') }},
        {%- endfor %}
        {{ divide('valor_total_faturas_u3m', 'valor_total_faturas_u6m', scale=4, factor=2, precision=9) }}
            as tendencia_valor_u3m_u6m,
        cast(date_diff('month', {{ first_of_month('primeira_emissao') }}, ref_date) as integer)
            as meses_de_relacionamento,
        cast(meses_desde_ultimo_atraso_u12m as integer) as meses_desde_ultimo_atraso_u12m,
        cast({{ longest_streak('meses_decididos') }} as integer) as maior_sequencia_em_dia_u12m,
        input_version
    from sequencias
)

select * from clientes_na_data
