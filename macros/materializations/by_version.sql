{#-
    A table made of versioned units: files, versioned by content, or reference dates, versioned by the files they were
    computed from. A run computes the units that are new, changed or incomplete, and removes those that are gone. It
    ends with the same table whatever was there before, even after a kill. A small table of the same name, in the
    schema <target>_units, records the version and row count of each unit.

    A model marks its units with and_unit_is_missing(). If a row combines rows of several units (an invoice and its
    payments), the model also sets a `key`. A new unit then replaces only the rows whose keys it touches, listed by the
    CTE touched_keys. If a unit changes, is gone or was left half done, the whole table is rebuilt.
-#}

{% macro and_unit_is_missing(column) -%}
    {#- Compiles to a condition that selects every unit; by_version replaces its marker to select some. -#}
    and {{ column }} {{ missing_units_mark() }}
{%- endmacro %}

{% macro is_touched(columns) -%}
    {#- The same for keys: all of them, or those in the CTE touched_keys, which must have these columns. -#}
    {{ columns }} {{ touched_keys_mark() }}
{%- endmacro %}

{% macro missing_units_mark() -%}
    {{ return('is not null /* the missing units */') }}
{%- endmacro %}

{% macro touched_keys_mark() -%}
    {{ return('is not null /* the touched keys */') }}
{%- endmacro %}

{% materialization by_version, default, supported_languages=['sql'] -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set key = config.get('key') -%}
    {%- set at_once = config.get('units_at_once', 500) -%}
    {%- if missing_units_mark() not in model.compiled_code -%}
        {%- do exceptions.raise_compiler_error('by_version: the query does not call and_unit_is_missing().') -%}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set notes = notes_of_units() -%}
    {%- set is_usable = existing is not none and existing.is_table and not should_full_refresh() and has_columns_of_query(existing) -%}
    {%- set states = states_of_units(notes, is_usable) -%}
    {#- Unit '' is of a table that had a key: an older version of the model. -#}
    {%- set is_kept = is_usable and '' not in states.gone
        and not (key and (states.gone or states.stale or states.missing | length > at_once)) -%}
    {%- set states = states if is_kept or not is_usable else states_of_units(notes, false) -%}
    {%- set is_rebuilt = existing is not none and not is_kept -%}
    {%- set build_relation = target_relation.incorporate(
        path={'identifier': this.identifier ~ '__rebuild'}
    ) if is_rebuilt else target_relation -%}
    {%- set units = states.missing + states.stale if is_kept else states.wanted -%}
    {%- set batches = [units] if key else units | batch(at_once) | list -%}
    {%- if config.get('contract').enforced and (units or not is_kept) -%}
        {{ get_assert_columns_equivalent(model.compiled_code) }}
    {%- endif -%}

    {%- if not is_kept -%}
        {#- A first build or a rebuild. Whatever a killed rebuild left is dropped first. -#}
        {%- do adapter.drop_relation(build_relation) if is_rebuilt -%}
        {%- do forget_units(notes) -%}
        {%- call statement('main') -%}
            {{ create_table_as(False, build_relation, query_of_units(batches[0] if batches else [], is_whole=key)) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {%- do adapter.cache_added(build_relation) -%}
        {%- set batches = batches[1:] -%}
    {%- else -%}
        {%- for batch in states.gone | batch(at_once) -%}
            {%- call statement('gone') -%}
                delete from {{ target_relation }} where {{ config.require('unit') }} in ({{ literals(batch) }})
            {%- endcall -%}
            {%- do forget_units(notes, batch) -%}
        {%- endfor -%}
    {%- endif -%}

    {%- for batch in batches if batch -%}
        {#- Forgotten first: after a kill, a unit that returns to its old version must not look current. -#}
        {%- do forget_units(notes, [''] if key else batch) if is_kept -%}
        {%- call statement('main') -%}
            {{ replace_keys(build_relation, key, query_of_units(batch)) if key else replace_units(build_relation, batch, query_of_units(batch)) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {%- do note_units(notes, batch) if is_kept -%}
    {%- endfor -%}

    {%- if is_rebuilt -%}
        {#- The old table stays until the new one is complete. -#}
        {%- do adapter.drop_relation(existing) -%}
        {%- do adapter.rename_relation(build_relation, target_relation) -%}
    {%- endif -%}
    {%- if not is_kept -%}
        {%- do note_units(notes) -%}
    {%- endif -%}
    {%- if config.get('unit_rows') and units and states_of_units(notes, true).stale -%}
        {%- do exceptions.raise_compiler_error(
            this.identifier ~ ': some landed rows are missing. On Athena, run create_landed_tables after lastro land.'
        ) -%}
    {%- endif -%}

    {% call noop_statement('main', message='OK ' ~ (units | length) ~ ' computed, ' ~ (states.gone | length) ~ ' removed') %}
        {{ model.compiled_code }}
    {% endcall %}

    {%- do persist_docs(target_relation, model) -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{%- endmaterialization %}
