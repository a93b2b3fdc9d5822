{#- Athena views hold timestamps to the millisecond, Iceberg tables to the microsecond. -#}
{% macro view_timestamp(timestamp) -%}
    {{ return(adapter.dispatch('view_timestamp', 'lastro')(timestamp)) }}
{%- endmacro %}

{% macro default__view_timestamp(timestamp) -%}
    cast(date_trunc('millisecond', {{ timestamp }}) as timestamp(3))
{%- endmacro %}

{% macro duckdb__view_timestamp(timestamp) -%}
    date_trunc('milliseconds', {{ timestamp }})
{%- endmacro %}

{% macro timestamp_type() -%}
    {{ return(adapter.dispatch('timestamp_type', 'lastro')()) }}
{%- endmacro %}

{% macro default__timestamp_type() -%}
    timestamp(6)
{%- endmacro %}

{% macro duckdb__timestamp_type() -%}
    timestamp
{%- endmacro %}

{% macro parse_timestamp(text) -%}
    {{ return(adapter.dispatch('parse_timestamp', 'lastro')(text)) }}
{%- endmacro %}

{% macro iso_timestamp_pattern() -%}
    [1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?
{%- endmacro %}

{% macro default__parse_timestamp(text) -%}
    case
        when {{ matches(text, iso_timestamp_pattern()) }} then cast(
            try(from_iso8601_timestamp_nanos(replace({{ text }}, ' ', 'T'))) at time zone 'UTC' as timestamp(6)
        )
    end
{%- endmacro %}

{% macro duckdb__parse_timestamp(text) -%}
    {#- By way of microseconds, because "at time zone" takes as long as all the rest. -#}
    case
        when {{ matches(text, iso_timestamp_pattern()) }} then make_timestamp(epoch_us(try_cast({{ text }} as timestamptz)))
    end
{%- endmacro %}

{% macro format_timestamp(timestamp) -%}
    {{ return(adapter.dispatch('format_timestamp', 'lastro')(timestamp)) }}
{%- endmacro %}

{% macro default__format_timestamp(timestamp) -%}
    date_format({{ timestamp }}, '%Y-%m-%dT%H:%i:%s')
{%- endmacro %}

{% macro duckdb__format_timestamp(timestamp) -%}
    strftime({{ timestamp }}, '%Y-%m-%dT%H:%M:%S')
{%- endmacro %}
