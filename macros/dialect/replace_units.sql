{#- The rows of some units give way to others in one commit: no reader sees both, or none. -#}
{% macro by_version_replace(relation, units, query) -%}
    {{ return(adapter.dispatch('by_version_replace', 'lastro')(relation, units, query)) }}
{%- endmacro %}

{% macro duckdb__by_version_replace(relation, units, query) %}
    delete from {{ relation }} where {{ config.require('unit') }} in ({{ units | join(', ') }});
    insert into {{ relation }} by name {{ query }}
{% endmacro %}

{#-
    A merge and no insert: a dbt that was killed leaves its statement running, and of two merges of one unit the later
    commit fails, where two inserts would both stay.
-#}
{% macro default__by_version_replace(relation, units, query) %}
    {%- set unit = config.require('unit') -%}
    {%- set columns = adapter.get_columns_in_relation(relation) %}
    merge into {{ relation }} as old_rows
    using (
        select
            false as is_old,
            {{ columns | map(attribute='quoted') | join(', ') }}
        from ({{ query }}) as new_rows
        union all
        select
            true,
            {%- for column in columns %}
            {{ column.quoted if column.name == unit else 'null' }}{{ ',' if not loop.last }}
            {%- endfor %}
        from (select distinct {{ unit }} from {{ relation }} where {{ unit }} in ({{ units | join(', ') }})) as old_units
    ) as given
    on given.is_old and old_rows.{{ unit }} = given.{{ unit }} and old_rows.{{ unit }} in ({{ units | join(', ') }})
    when matched then delete
    when not matched and not given.is_old then insert ({{ columns | map(attribute='quoted') | join(', ') }})
        values (given.{{ columns | map(attribute='quoted') | join(', given.') }})
{% endmacro %}
