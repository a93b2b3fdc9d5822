{{ config(
    materialized='incremental',
    incremental_strategy='append',
    partitioned_by=['month(ref_date)'],
    on_schema_change='append_new_columns',
    pre_hook="{{ delete_stale_dates(ref('int_cartoes__datas_referencia')) }}",
    post_hook="{{ compute_other_dates(ref('int_cartoes__datas_referencia')) }}"
) }}

with datas as (
    {{ one_missing_date(ref('int_cartoes__datas_referencia')) }}
),

-- Of most invoices a reference date sees every payment or none. Of the others it sees those made before it.
pagas_em_parte as (
    select
        datas.ref_date,
        pagamentos.id_fatura,
        count(*) as total_pagamentos,
        sum(pagamentos.valor_pagamento) as valor_pago
    from {{ ref('fct_faturas') }} as faturas
    inner join datas
        on faturas.data_primeiro_pagamento < datas.ref_date and faturas.data_ultimo_pagamento >= datas.ref_date
    inner join {{ ref('stg_cartoes__pagamentos') }} as pagamentos
        on faturas.id_fatura = pagamentos.id_fatura and datas.ref_date > pagamentos.data_pagamento
    group by datas.ref_date, pagamentos.id_fatura
),

-- One row per reference date and invoice of its twelve months, as the date sees it.
faturas_vistas as (
    select
        datas.ref_date,
        faturas.id_cliente,
        faturas.id_fatura,
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
    from {{ ref('fct_faturas') }} as faturas
    inner join datas
        on faturas.data_emissao < datas.ref_date and faturas.data_emissao >= {{ add_months('datas.ref_date', -12) }}
    left join pagas_em_parte
        on faturas.id_fatura = pagas_em_parte.id_fatura and datas.ref_date = pagas_em_parte.ref_date
),

faturas_medidas as (
    select
        ref_date,
        id_cliente,
        idade_meses,
        id_fatura,
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

somas as (
    select
        ref_date,
        id_cliente,
        {%- for months in book_windows() %}
        {%- for name, aggregate, expression, type in book_sums() %}
        {{ aggregate }}({{ expression }}) filter (where idade_meses <= {{ months }}) as {{ name }}_u{{ months }}m,
        {%- endfor %}
        {%- endfor %}
        min(idade_meses) filter (where dias_atraso is not null) as meses_desde_ultimo_atraso_u12m,
        {{ bit_or(month_bit('idade_meses')) }} filter (where dias_atraso is not null) as meses_em_atraso,
        {{ bit_or(month_bit('idade_meses')) }} filter (where em_dia = 1) as meses_em_dia
    from faturas_medidas
    group by ref_date, id_cliente
),

-- A client stays in the book from the first invoice on, with zeros where a window is empty.
clientes as (
    select
        id_cliente,
        min(data_emissao) as primeira_emissao
    from {{ ref('fct_faturas') }}
    group by id_cliente
),

medidas as (
    select
        datas.ref_date,
        datas.versao_insumos,
        clientes.id_cliente,
        {%- for months in book_windows() %}
        {%- for name, aggregate, expression, type in book_sums() %}
        cast({{ zero_unless_max(aggregate, 'somas.' ~ name ~ '_u' ~ months ~ 'm') }} as {{ type }})
            as {{ name }}_u{{ months }}m,
        {%- endfor %}
        {%- endfor %}
        date_diff('month', {{ first_of_month('clientes.primeira_emissao') }}, datas.ref_date)
            as meses_de_relacionamento,
        somas.meses_desde_ultimo_atraso_u12m,
        coalesce(somas.meses_em_atraso, 0) as meses_em_atraso,
        coalesce(somas.meses_em_dia, 0) as meses_em_dia
    from clientes
    inner join datas on clientes.primeira_emissao < datas.ref_date
    left join somas on clientes.id_cliente = somas.id_cliente and datas.ref_date = somas.ref_date
),

sequencias as (
    select
        *,
        {{ months_on_time('meses_em_atraso', 'meses_em_dia') }} as meses_decididos
    from medidas
)

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
    cast(meses_de_relacionamento as integer) as meses_de_relacionamento,
    cast(meses_desde_ultimo_atraso_u12m as integer) as meses_desde_ultimo_atraso_u12m,
    cast({{ longest_streak('meses_decididos') }} as integer) as maior_sequencia_em_dia_u12m,
    versao_insumos
from sequencias
