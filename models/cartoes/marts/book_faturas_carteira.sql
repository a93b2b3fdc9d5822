{{ config(
    materialized='by_version',
    unit='ref_date',
    units='int_cartoes__datas_referencia',
    keep_other_units=var('ref_dates') != []
) }}

with datas as (
    select * from {{ ref('int_cartoes__datas_referencia') }}
    where true {{ and_unit_is_missing('ref_date') }}
),

clientes as (
    select * from {{ ref('book_faturas_cliente') }}
),

somas as (
    {%- for months in book_windows() %}
    {%- set suffix = '_u' ~ months ~ 'm' %}
    {%- set adding_up = {'count': 'sum', 'sum': 'sum', 'max': 'max'} %}
    select
        datas.ref_date,
        'U{{ months }}M' as periodo,
        {%- for name, aggregate, expression, type in book_sums() %}
        cast(
            {{ zero_unless_max(aggregate, adding_up[aggregate] ~ '(clientes.' ~ name ~ suffix ~ ')') }}
            as {{ 'bigint' if type == 'integer' else type }}
        ) as {{ name }},
        {%- endfor %}
        count(case when clientes.total_faturas{{ suffix }} > 0 then clientes.id_cliente end) as total_clientes,
        datas.input_version
    from datas
    left join clientes on datas.ref_date = clientes.ref_date
    group by datas.ref_date, datas.input_version
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

carteira_por_periodo as (
    select
        ref_date,
        periodo,
        {%- for name, aggregate, expression, type in book_sums() %}
        {{ name }},
        {%- endfor %}
        {{ book_ratios() }},
        total_clientes,
        {{ divide('valor_total_faturas', 'total_clientes') }} as media_fatura_por_cliente,
        {{ divide('valor_total_pagamentos', 'total_clientes') }} as media_pagamento_por_cliente,
        input_version
    from somas
)

select * from carteira_por_periodo
