{% macro raw_root() -%}
    {{ return(env_var('LASTRO_RAW', 'data/raw').rstrip('/')) }}
{%- endmacro %}

{% macro sql_string(text) -%}
    {{ return("'" ~ (text | string | replace("'", "''")) ~ "'") }}
{%- endmacro %}
