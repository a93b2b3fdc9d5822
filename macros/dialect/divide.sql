{% macro divide(numerator, denominator, scale=2, factor=1, precision=18) -%}
    {{ return(adapter.dispatch('divide', 'lastro')(numerator, denominator, scale, factor, precision)) }}
{%- endmacro %}

{% macro default__divide(numerator, denominator, scale, factor, precision) -%}
    cast(
        cast({{ factor }} * {{ numerator }} as decimal(38, {{ scale }})) / nullif({{ denominator }}, 0)
        as decimal({{ precision }}, {{ scale }})
    )
{%- endmacro %}

{% macro duckdb__divide(numerator, denominator, scale, factor, precision) -%}
    {#-
        DuckDB divides decimals as doubles, so this divides whole cents and rounds half away from zero. Ordinary
        amounts fit a bigint, which is thirty times faster than a hugeint.
    -#}
    {%- set scaled = factor * 10 ** scale -%}
    case
        when {{ denominator }} between 1 and 1000000000000 and abs({{ numerator }}) < {{ 10 ** 14 // scaled }} then cast(
            cast({{ duckdb__divide_cents(numerator, denominator, scaled, 'bigint') }} as decimal(14, 0))
            * cast({{ '0.' ~ '0' * (scale - 1) ~ '1' }} as decimal({{ scale }}, {{ scale }}))
            as decimal({{ precision }}, {{ scale }})
        )
        when {{ denominator }} <> 0 then cast(
            cast({{ duckdb__divide_cents(
                'cast(' ~ numerator ~ ' as decimal(20, 2))', 'cast(' ~ denominator ~ ' as decimal(20, 2))', scaled, 'hugeint'
            ) }} as decimal(34, 0))
            * cast({{ '0.' ~ '0' * (scale - 1) ~ '1' }} as decimal({{ scale }}, {{ scale }}))
            as decimal({{ precision }}, {{ scale }})
        )
    end
{%- endmacro %}

{% macro duckdb__divide_cents(numerator, denominator, scaled, type) -%}
    (
        (
            cast({{ numerator }} * 100.0 as {{ type }}) * {{ 2 * scaled }}
            + case when {{ numerator }} < 0 then -1 else 1 end * cast({{ denominator }} * 100.0 as {{ type }})
        ) // (2 * cast({{ denominator }} * 100.0 as {{ type }}))
    )
{%- endmacro %}

{#- Truncates to cents, toward zero: an integer division of whole cents. -#}
{% macro truncated_mean(total, count) -%}
    {{ return(adapter.dispatch('truncated_mean', 'lastro')(total, count)) }}
{%- endmacro %}

{% macro default__truncated_mean(total, count) -%}
    cast(
        cast(cast({{ total }} * 100 as bigint) / {{ count }} as decimal(18, 0)) * cast('0.01' as decimal(2, 2))
        as decimal(18, 2)
    )
{%- endmacro %}

{% macro duckdb__truncated_mean(total, count) -%}
    cast(
        cast(cast({{ total }} * 100 as bigint) // {{ count }} as decimal(18, 0)) * cast('0.01' as decimal(2, 2))
        as decimal(18, 2)
    )
{%- endmacro %}
