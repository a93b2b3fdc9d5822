{% macro first_of_month(date) -%}
    cast(date_trunc('month', {{ date }}) as date)
{%- endmacro %}

{% macro add_months(date, months) -%}
    cast({{ date }} + interval '{{ months }}' month as date)
{%- endmacro %}

{% macro next_month(date) -%}
    {{ add_months(first_of_month(date), 1) }}
{%- endmacro %}

{% macro month_series(first, last, alias, column) -%}
    {{ return(adapter.dispatch('month_series', 'lastro')(first, last, alias, column)) }}
{%- endmacro %}

{% macro default__month_series(first, last, alias, column) -%}
    unnest(sequence({{ first }}, {{ last }}, interval '1' month)) as {{ alias }} ({{ column }})
{%- endmacro %}

{% macro duckdb__month_series(first, last, alias, column) -%}
    unnest(
        list_transform(
            generate_series({{ first }}, {{ last }}, interval '1' month), lambda month: cast(month as date)
        )
    ) as {{ alias }} ({{ column }})
{%- endmacro %}

{% macro iso_weekday(date) -%}
    {{ return(adapter.dispatch('iso_weekday', 'lastro')(date)) }}
{%- endmacro %}

{% macro default__iso_weekday(date) -%}
    day_of_week({{ date }})
{%- endmacro %}

{% macro duckdb__iso_weekday(date) -%}
    isodow({{ date }})
{%- endmacro %}
