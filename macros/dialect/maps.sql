{#- A map of texts is kept as a JSON object, which every engine can store. -#}

{% macro map_entries_of(relation, map, columns, key, value) %}
    {{ return(adapter.dispatch('map_entries_of', 'lastro')(relation, map, columns, key, value)) }}
{% endmacro %}

{% macro default__map_entries_of(relation, map, columns, key, value) %}
    select
        {{ columns | join(',\n        ') }},
        map_entry_key as {{ key }},
        map_entry_value as {{ value }}
    from {{ relation }}
    cross join unnest(cast(json_parse({{ map }}) as map(varchar, varchar))) as map_entries (map_entry_key, map_entry_value)
{% endmacro %}

{% macro duckdb__map_entries_of(relation, map, columns, key, value) %}
    select
        {{ columns | join(',\n        ') }},
        unnest(map_keys(entries)) as {{ key }},
        unnest(map_values(entries)) as {{ value }}
    from (
        select
            {{ columns | join(',\n            ') }},
            cast(cast({{ map }} as json) as map(varchar, varchar)) as entries
        from {{ relation }}
    )
{% endmacro %}

{% macro map_of(key, value) -%}
    {{ return(adapter.dispatch('map_of', 'lastro')(key, value)) }}
{%- endmacro %}

{% macro default__map_of(key, value) -%}
    json_format(cast(map_agg({{ key }}, {{ value }}) as json))
{%- endmacro %}

{% macro duckdb__map_of(key, value) -%}
    cast(to_json(map_from_entries(list(row({{ key }}, {{ value }}) order by {{ key }}))) as varchar)
{%- endmacro %}
