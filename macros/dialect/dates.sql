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

{% macro day_series(first, last, alias, column) -%}
    {{ return(adapter.dispatch('day_series', 'lastro')(first, last, alias, column)) }}
{%- endmacro %}

{#- Year by year, because Trino's sequence() returns at most 10,000 values. -#}
{% macro default__day_series(first, last, alias, column) -%}
    unnest(sequence({{ first }}, {{ last }}, interval '1' year)) as years_of_{{ alias }} (first_day)
    cross join unnest(
        sequence(first_day, least(date_add('day', -1, date_add('year', 1, first_day)), {{ last }}), interval '1' day)
    ) as {{ alias }} ({{ column }})
{%- endmacro %}

{% macro duckdb__day_series(first, last, alias, column) -%}
    unnest(
        list_transform(generate_series({{ first }}, {{ last }}, interval '1' day), lambda day: cast(day as date))
    ) as {{ alias }} ({{ column }})
{%- endmacro %}

{% macro add_days(date, days) -%}
    cast({{ date }} + interval '1' day * {{ days }} as date)
{%- endmacro %}

{% macro years_between(first, last) -%}
    case
        when {{ last }} >= {{ first }} then year({{ last }}) - year({{ first }}) - case
            when month({{ last }}) * 100 + day({{ last }}) < month({{ first }}) * 100 + day({{ first }}) then 1 else 0
        end
    end
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

{% macro local_date(timestamp, time_zone) -%}
    {{ return('cast(' ~ timestamp ~ ' as date)' if time_zone == 'UTC' else adapter.dispatch('local_date', 'lastro')(timestamp, time_zone)) }}
{%- endmacro %}

{% macro default__local_date(timestamp, time_zone) -%}
    cast(with_timezone({{ timestamp }}, 'UTC') at time zone {{ sql_string(time_zone) }} as date)
{%- endmacro %}

{% macro duckdb__local_date(timestamp, time_zone) -%}
    cast(timezone({{ sql_string(time_zone) }}, timezone('UTC', {{ timestamp }})) as date)
{%- endmacro %}
