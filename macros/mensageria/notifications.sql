{% macro billing_day(timestamp) -%}
    {#- The day of a UTC time in the declared time zone. -#}
    {{ local_date(timestamp, var('notifications_time_zone')) }}
{%- endmacro %}

{% macro topic_of(source_file) -%}
    {#- Files are named <topic>-<partition>-<offset>.parquet, by Kafka Connect <topic>+<partition>+<offset>.snappy.parquet. -#}
    {{ replace_matches(replace_matches(source_file, '^.*/', ''), '[-+][0-9]+[-+][0-9]+([.][a-z]+)+$', '') }}
{%- endmacro %}

{% macro start_offset_of(source_file) -%}
    cast({{ replace_matches(first_match(source_file, '[0-9]+([.][a-z]+)+$'), '[.].*$', '') }} as bigint)
{%- endmacro %}
