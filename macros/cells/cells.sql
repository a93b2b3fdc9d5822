{#- Each macro selects a landed cell as <column>_cell and its typed value as <column>, NULL if it does not parse. -#}

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

{% macro to_whole_number(column) -%}
    {{ column }} as {{ column }}_cell,
        {{ parse_whole_number(column) }} as {{ column }}
{%- endmacro %}

{% macro to_amount(column) -%}
    {{ column }} as {{ column }}_cell,
        {{ parse_amount(column) }} as {{ column }}
{%- endmacro %}
