{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ delete_stale_dates(ref('int_cartoes__datas_referencia')) }}",
    post_hook="{{ compute_other_dates(ref('int_cartoes__datas_referencia')) }}"
) }}

with datas as (
    {{ one_missing_date(ref('int_cartoes__datas_referencia')) }}
),

versoes as (
    select * from {{ ref('int_cartoes__faturas_versoes') }}
),

-- One row per reference date and invoice of its twelve months, as the date sees it.
faturas_vistas as (
    select
        datas.ref_date,
        datas.versao_insumos,
        versoes.*,
        date_diff('month', {{ first_of_month('versoes.data_emissao') }}, datas.ref_date) as idade_meses,
        coalesce(versoes.valor_pagamento_minimo, versoes.valor_fatura) as valor_devido,
        versoes.data_vencimento < datas.ref_date as vencida
    from versoes
    inner join datas
        on
            versoes.conhecida_desde < datas.ref_date
            and versoes.conhecida_ate >= datas.ref_date
            and versoes.data_emissao < datas.ref_date
            and versoes.data_emissao >= {{ add_months('datas.ref_date', -12) }}
),

faturas_medidas as (
    select
        ref_date,
        versao_insumos,
        id_cliente,
        data_emissao,
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

-- A client stays in the book from the first invoice on: one row per date without any measure.
clientes as (
    select
        id_cliente,
        min(data_emissao) as data_emissao
    from {{ ref('stg_cartoes__faturas') }}
    group by id_cliente
),

linhas as (
    select * from faturas_medidas
    union all
    select
        datas.ref_date,
        datas.versao_insumos,
        clientes.id_cliente,
        clientes.data_emissao,
        null as idade_meses,
        null as id_fatura,
        null as valor_fatura,
        null as total_pagamentos,
        null as valor_pago,
        null as em_dia,
        null as dias_atraso,
        null as valor_inadimplente
    from clientes
    inner join datas on clientes.data_emissao < datas.ref_date
),

somas as (
    select
        ref_date,
        versao_insumos,
        id_cliente,
        {%- for months in book_windows() %}
        {%- for name, aggregate, expression, type in book_sums() %}
        cast(
            {{ zero_unless_max(
                aggregate, aggregate ~ '(' ~ expression ~ ') filter (where idade_meses <= ' ~ months ~ ')'
            ) }} as {{ type }}
        ) as {{ name }}_u{{ months }}m,
        {%- endfor %}
        {%- endfor %}
        cast(date_diff('month', {{ first_of_month('min(data_emissao)') }}, ref_date) as integer)
            as meses_de_relacionamento,
        cast(min(idade_meses) filter (where dias_atraso is not null) as integer)
            as meses_desde_ultimo_atraso_u12m,
        coalesce({{ bit_or(month_bit('idade_meses')) }} filter (where dias_atraso is not null), 0) as meses_em_atraso,
        coalesce({{ bit_or(month_bit('idade_meses')) }} filter (where em_dia = 1), 0) as meses_em_dia
    from linhas
    group by ref_date, versao_insumos, id_cliente
),

sequencias as (
    select
        *,
        {{ months_on_time('meses_em_atraso', 'meses_em_dia') }} as meses_decididos
    from somas
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
    meses_de_relacionamento,
    meses_desde_ultimo_atraso_u12m,
    cast({{ longest_streak('meses_decididos') }} as integer) as maior_sequencia_em_dia_u12m,
    versao_insumos
from sequencias
