{#-
    The measures of the book de variáveis. Each is defined once, for the portfolio book, the client book and every
    window.
-#}

{% macro book_windows() -%}
    {{ return([1, 3, 6, 12]) }}
{%- endmacro %}

{% macro book_sums() -%}
    {#- The measures that aggregate invoices: name, aggregate function, its argument, type. -#}
    {{ return([
        ('total_faturas', 'count', 'id_fatura', 'integer'),
        ('valor_total_faturas', 'sum', 'valor_fatura', 'decimal(18, 2)'),
        ('total_pagamentos', 'sum', 'total_pagamentos', 'integer'),
        ('valor_total_pagamentos', 'sum', 'valor_pago', 'decimal(18, 2)'),
        ('total_em_dia', 'count', 'em_dia', 'integer'),
        ('total_inadimplentes', 'count', 'valor_inadimplente', 'integer'),
        ('valor_inadimplente', 'sum', 'valor_inadimplente', 'decimal(18, 2)'),
        ('total_atrasos', 'count', 'dias_atraso', 'integer'),
        ('total_dias_atraso', 'sum', 'dias_atraso', 'integer'),
        ('max_dias_atraso', 'max', 'dias_atraso', 'integer'),
    ]) }}
{%- endmacro %}

{% macro book_ratios(suffix='') -%}
    {#- The measures that divide one sum by another; NULL if the denominator is zero. -#}
    {{ divide('valor_total_faturas' ~ suffix, 'total_faturas' ~ suffix) }}
        as valor_medio_faturas{{ suffix }},
    {{ divide('valor_total_pagamentos' ~ suffix, 'total_pagamentos' ~ suffix) }}
        as valor_medio_pagamentos{{ suffix }},
    {{ divide('total_em_dia' ~ suffix, 'total_faturas' ~ suffix, scale=4, factor=100, precision=9) }}
        as percentual_pagamento_prazo{{ suffix }},
    {{ divide('total_inadimplentes' ~ suffix, 'total_faturas' ~ suffix, scale=4, factor=100, precision=9) }}
        as percentual_inadimplencia{{ suffix }},
    {{ divide('total_atrasos' ~ suffix, 'total_faturas' ~ suffix, scale=4, factor=100, precision=9) }}
        as percentual_atrasos{{ suffix }},
    {{ divide('total_dias_atraso' ~ suffix, 'total_atrasos' ~ suffix, scale=4, precision=9) }}
        as media_dias_atraso{{ suffix }},
    {{ divide('valor_total_pagamentos' ~ suffix, 'valor_total_faturas' ~ suffix, scale=4, factor=100) }}
        as percentual_valor_pago{{ suffix }}
{%- endmacro %}

{% macro zero_unless_max(aggregate, expression) -%}
    {#- An empty sum or count is zero; an empty maximum is NULL. -#}
    {{ expression if aggregate == 'max' else 'coalesce(' ~ expression ~ ', 0)' }}
{%- endmacro %}

{% macro month_bit(months) -%}
    {#- One bit per month, so that bit_or collects a client's months. -#}
    cast(power(2, {{ months }}) as integer)
{%- endmacro %}

{% macro months_on_time(late_months, months_on_time) -%}
    {#- One mark per month, oldest first: '1' on time, '0' late. A month without a decided invoice has no mark. -#}
    {%- for month in range(12, 0, -1) -%}
    case
        when mod({{ late_months }}, {{ 2 ** (month + 1) }}) >= {{ 2 ** month }} then '0'
        when mod({{ months_on_time }}, {{ 2 ** (month + 1) }}) >= {{ 2 ** month }} then '1'
        else ''
    end
    {{- ' || ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro longest_streak(marks) -%}
    case
        {%- for length in range(12, 0, -1) %}
        when {{ marks }} like '%{{ '1' * length }}%' then {{ length }}
        {%- endfor %}
        else 0
    end
{%- endmacro %}
