{#-
    A table that is made of units, each of which has a version: files, each with its content; reference dates, each
    with what it was computed from. A run removes the units that are no longer wanted or are not as they should be,
    and computes those that are missing: so it ends in the same table whatever was there before, also after a kill.

    The model's query names its units once, with and_unit_is_missing(); everything else in it is plain SQL.
-#}

{% macro and_unit_is_missing(column) -%}
    {#- No condition, so that the compiled query is the one for all units; by_version puts one behind the mark. -#}
    and {{ column }} {{ missing_unit_mark() }}
{%- endmacro %}

{% macro missing_unit_mark() -%}
    {{ return('is not null /* the missing units */') }}
{%- endmacro %}

{% materialization by_version, default, supported_languages=['sql'] -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set is_there = existing is not none and existing.is_table
        and not should_full_refresh() and by_version_has_columns_of(existing) -%}
    {%- set is_rebuilt = existing is not none and not is_there -%}
    {%- set build_relation = target_relation.incorporate(
        path={'identifier': this.identifier ~ '__rebuild'}
    ) if is_rebuilt else target_relation -%}
    {%- if missing_unit_mark() not in model.compiled_code -%}
        {%- do exceptions.raise_compiler_error('by_version: the query does not say and_unit_is_missing().') -%}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set states = by_version_states(target_relation, is_there) -%}
    {%- set gone = states.gone -%}
    {%- set missing = states.missing -%}
    {%- set at_once = config.get('units_at_once', 500) -%}

    {%- if not is_there -%}
        {#- A first build, or one of another shape; what a killed rebuild left goes first. -#}
        {%- if is_rebuilt -%}
            {%- do adapter.drop_relation(build_relation) -%}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ create_table_as(False, build_relation, by_version_query(missing[:at_once])) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {%- do adapter.cache_added(build_relation) -%}
        {%- set missing = missing[at_once:] -%}
    {%- endif -%}

    {%- for units in (gone + missing) | batch(at_once) -%}
        {%- call statement('main') -%}
            {{ by_version_replace(build_relation, units, by_version_query(units | reject('in', gone) | list)) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}

    {%- if is_rebuilt -%}
        {#- The old table stays until the new one is whole. -#}
        {%- do adapter.drop_relation(existing) -%}
        {%- do adapter.rename_relation(build_relation, target_relation) -%}
    {%- endif -%}

    {% call noop_statement('main', message='OK ' ~ (states.missing | length) ~ ' computed, ' ~ (gone | length) ~ ' removed') %}
        {{ model.compiled_code }}
    {% endcall %}

    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}

{% macro by_version_query(units) -%}
    {#- The query of the model for some units. -#}
    {{ return(model.compiled_code | replace(missing_unit_mark(), 'in (' ~ (units or ['null']) | join(', ') ~ ')')) }}
{%- endmacro %}

{% macro by_version_has_columns_of(existing) -%}
    {#- A table of other columns than the query is of an older version of the model: all of its units are. -#}
    {%- set there = adapter.get_columns_in_relation(existing) | map(attribute='name') | map('lower') | list -%}
    {%- set wanted = get_columns_in_query(by_version_query([])) | map('lower') | list -%}
    {{ return(there | sort == wanted | sort) }}
{%- endmacro %}

{% macro by_version_states(relation, is_there) -%}
    {#- Units to remove (no longer wanted) and units to compute (absent, of another version, or not whole). -#}
    {%- set unit = config.require('unit') -%}
    {%- set query -%}
        with wanted as (
            select
                {{ unit }} as unit,
                {{ config.require('unit_rows') }} as unit_rows
            from {{ ref(config.require('units')) }}
            where {{ config.get('units_where', '1 = 1') }}
        ),

        there as (
            {%- if is_there %}
            select {{ unit }} as unit, count(*) as unit_rows
            from {{ relation }}
            group by {{ unit }}
            {%- else %}
            select unit, unit_rows
            from wanted
            where 1 = 0
            {%- endif %}
        )

        select
            cast(coalesce(wanted.unit, there.unit) as varchar) as unit,
            wanted.unit is null as is_gone
        from wanted
        full outer join there on wanted.unit = there.unit
        where
            wanted.unit is null
            or (there.unit is null and wanted.unit_rows > 0)
            or there.unit_rows <> wanted.unit_rows
        order by 1
    {%- endset -%}
    {%- set states = {'gone': [], 'missing': []} -%}
    {%- for name, is_gone in run_query(query).rows -%}
        {%- do states['gone' if is_gone else 'missing'].append(name) -%}
    {%- endfor -%}
    {{ return(states) }}
{%- endmacro %}
