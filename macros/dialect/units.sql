{#- Replaces the rows of some units or keys in one commit: no reader sees both versions, or neither. -#}

{% macro replace_units(relation, units, query) -%}
    {{ return(adapter.dispatch('replace_units', 'lastro')(relation, units, query)) }}
{%- endmacro %}

{% macro duckdb__replace_units(relation, units, query) %}
    delete from {{ relation }} where {{ config.require('unit') }} in ({{ literals(units) }});
    insert into {{ relation }} by name {{ query }}
{% endmacro %}

{#-
    A merge, not an insert, because a killed dbt leaves its statement running. Of two merges of the same unit the later
    commit fails; two inserts would both succeed.
-#}
{% macro default__replace_units(relation, units, query) %}
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
        from (select distinct {{ unit }} from {{ relation }} where {{ unit }} in ({{ literals(units) }})) as old_units
    ) as given
    on given.is_old and old_rows.{{ unit }} = given.{{ unit }} and old_rows.{{ unit }} in ({{ literals(units) }})
    when matched then delete
    when not matched and not given.is_old then insert ({{ columns | map(attribute='quoted') | join(', ') }})
        values (given.{{ columns | map(attribute='quoted') | join(', given.') }})
{% endmacro %}

{% macro replace_keys(relation, key, query) -%}
    {{ return(adapter.dispatch('replace_keys', 'lastro')(relation, [key] if key is string else key, query)) }}
{%- endmacro %}

{% macro duckdb__replace_keys(relation, key, query) %}
    create or replace temp table new_rows as {{ query }};
    delete from {{ relation }} as old_rows using new_rows
    where {% for column in key %}old_rows.{{ column }} = new_rows.{{ column }}{{ ' and ' if not loop.last }}{% endfor %};
    insert into {{ relation }} by name select * from new_rows;
    drop table new_rows
{% endmacro %}

{% macro default__replace_keys(relation, key, query) %}
    {%- set columns = adapter.get_columns_in_relation(relation) %}
    merge into {{ relation }} as old_rows
    using ({{ query }}) as new_rows
    on {% for column in key %}old_rows.{{ column }} = new_rows.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    when matched then update set
        {%- for column in columns %}
        {{ column.quoted }} = new_rows.{{ column.quoted }}{{ ',' if not loop.last }}
        {%- endfor %}
    when not matched then insert ({{ columns | map(attribute='quoted') | join(', ') }})
        values (new_rows.{{ columns | map(attribute='quoted') | join(', new_rows.') }})
{% endmacro %}

{#- The table in which by_version records its units. -#}
{% macro create_notes(notes) -%}
    {{ return(adapter.dispatch('create_notes', 'lastro')(notes)) }}
{%- endmacro %}

{% macro duckdb__create_notes(notes) %}
    create table {{ notes }} (unit varchar, input_version varchar, unit_rows bigint)
{% endmacro %}

{% macro default__create_notes(notes) %}
    create table {{ notes }}
    with (
        table_type = 'iceberg',
        is_external = false,
        location = '{{ adapter.generate_s3_location(notes, target.s3_data_dir, target.s3_data_naming) }}',
        format = 'parquet'
    ) as
    select
        cast('' as varchar) as unit,
        cast('' as varchar) as input_version,
        cast(0 as bigint) as unit_rows
    where 1 = 0
{% endmacro %}
