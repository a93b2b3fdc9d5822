{#- Maps of varchar to varchar. Raw and base tables hold them as JSON text. -#}

{% macro map_from_json(json) -%}
    {{ return(adapter.dispatch('map_from_json', 'lastro')(json)) }}
{%- endmacro %}

{% macro default__map_from_json(json) -%}
    cast(json_parse({{ json }}) as map(varchar, varchar))
{%- endmacro %}

{% macro duckdb__map_from_json(json) -%}
    cast(cast({{ json }} as json) as map(varchar, varchar))
{%- endmacro %}

{% macro map_value(map, key) -%}
    {{ return(adapter.dispatch('map_value', 'lastro')(map, key)) }}
{%- endmacro %}

{% macro default__map_value(map, key) -%}
    element_at({{ map }}, {{ sql_string(key) }})
{%- endmacro %}

{% macro duckdb__map_value(map, key) -%}
    {{ map }}[{{ sql_string(key) }}]
{%- endmacro %}

{% macro map_entries_of(relation, map, columns, key, value) %}
    {{ return(adapter.dispatch('map_entries_of', 'lastro')(relation, map, columns, key, value)) }}
{% endmacro %}

{% macro default__map_entries_of(relation, map, columns, key, value) %}
    select
        {{ columns | join(',\n        ') }},
        map_entry_key as {{ key }},
        map_entry_value as {{ value }}
    from {{ relation }}
    cross join unnest({{ map_from_json(map) }}) as map_entries (map_entry_key, map_entry_value)
{% endmacro %}

{% macro duckdb__map_entries_of(relation, map, columns, key, value) %}
    select
        {{ columns | join(',\n        ') }},
        unnest(map_keys(entries)) as {{ key }},
        unnest(map_values(entries)) as {{ value }}
    from (
        select
            {{ columns | join(',\n            ') }},
            {{ map_from_json(map) }} as entries
        from {{ relation }}
    )
{% endmacro %}

{% macro map_of(key, value) -%}
    {{ return(adapter.dispatch('map_of', 'lastro')(key, value)) }}
{%- endmacro %}

{% macro default__map_of(key, value) -%}
    map_agg({{ key }}, {{ value }})
{%- endmacro %}

{% macro duckdb__map_of(key, value) -%}
    {#- Sorted after it is gathered: an ordered aggregate sorts every group in memory, and takes twice as long. -#}
    map_from_entries(list_sort(list(row({{ key }}, {{ value }}))))
{%- endmacro %}

{#-
    A state machine: from a first state, each event of the list leads to the state that the map gives for
    <state>><event>, or changes nothing.
-#}
{% macro folded_state(events, transitions, first) -%}
    {{ return(adapter.dispatch('folded_state', 'lastro')(events, transitions, first)) }}
{%- endmacro %}

{% macro default__folded_state(events, transitions, first) -%}
    reduce(
        {{ events }},
        cast({{ sql_string(first) }} as varchar),
        (state, event) -> coalesce(element_at({{ transitions }}, state || '>' || event), state),
        state -> state
    )
{%- endmacro %}

{% macro duckdb__folded_state(events, transitions, first) -%}
    list_reduce(
        {{ events }},
        lambda state, event: coalesce({{ transitions }}[state || '>' || event], state),
        {{ sql_string(first) }}
    )
{%- endmacro %}

{% macro json_items_of(relation, list, columns, item) %}
    {{ return(adapter.dispatch('json_items_of', 'lastro')(relation, list, columns, item)) }}
{% endmacro %}

{% macro default__json_items_of(relation, list, columns, item) %}
    select
        {{ columns | join(',\n        ') }},
        json_format(json_item) as {{ item }}
    from {{ relation }}
    cross join unnest(try_cast(try(json_parse({{ list }})) as array(json))) as json_items (json_item)
{% endmacro %}

{% macro duckdb__json_items_of(relation, list, columns, item) %}
    select
        {{ columns | join(',\n        ') }},
        cast(unnest(try_cast(try_cast({{ list }} as json) as json[])) as varchar) as {{ item }}
    from {{ relation }}
{% endmacro %}
