{#- A cell of a landed row, beside what it means: NULL where it means nothing of its kind. -#}

{% macro to_text(column) -%}
    {{ column }} as {{ column }}_cell,
        nullif({{ trimmed(column) }}, '') as {{ column }}
{%- endmacro %}

{% macro to_date(column) -%}
    {{ column }} as {{ column }}_cell,
        {{ parse_date(column) }} as {{ column }}
{%- endmacro %}

{% macro to_timestamp(column) -%}
    {{ column }} as {{ column }}_cell,
        {{ parse_timestamp(column) }} as {{ column }}
{%- endmacro %}

{% macro to_amount(column) -%}
    {{ column }} as {{ column }}_cell,
        {{ parse_amount(column) }} as {{ column }}
{%- endmacro %}
