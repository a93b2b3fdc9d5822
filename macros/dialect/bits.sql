{% macro bit_or(bits) -%}
    {{ return(adapter.dispatch('bit_or', 'lastro')(bits)) }}
{%- endmacro %}

{% macro default__bit_or(bits) -%}
    bitwise_or_agg({{ bits }})
{%- endmacro %}

{% macro duckdb__bit_or(bits) -%}
    bit_or({{ bits }})
{%- endmacro %}
