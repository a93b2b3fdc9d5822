{% macro first_match(text, pattern) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}'), '')
{%- endmacro %}

{% macro replace_matches(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replace_matches', 'lastro')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replace_matches(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{% macro duckdb__replace_matches(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro json_scalar(json, path) -%}
    {{ return(adapter.dispatch('json_scalar', 'lastro')(json, path)) }}
{%- endmacro %}

{% macro default__json_scalar(json, path) -%}
    json_extract_scalar({{ json }}, '{{ path }}')
{%- endmacro %}

{% macro duckdb__json_scalar(json, path) -%}
    case
        when json_valid({{ json }}) then case
            when json_type({{ json }}, '{{ path }}') not in ('OBJECT', 'ARRAY')
                then json_extract_string({{ json }}, '{{ path }}')
        end
    end
{%- endmacro %}

{% macro plain_letters(text) -%}
    translate(
        {{ text }},
        'ABCDEFGHIJKLMNOPQRSTUVWXYZáàâãäéèêëíìîïóòôõöúùûüçñÁÀÂÃÄÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÇÑ',
        'abcdefghijklmnopqrstuvwxyzaaaaaeeeeiiiiooooouuuucnaaaaaeeeeiiiiooooouuuucn'
    )
{%- endmacro %}
