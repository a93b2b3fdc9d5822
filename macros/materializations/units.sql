{#- The units of by_version: those wanted, those in the table, and those recorded. -#}

{% macro query_of_units(units, is_whole=false) -%}
    {#- The model's query for some units or, with is_whole, as compiled for all. -#}
    {{ return(
        model.compiled_code if is_whole else model.compiled_code
            | replace(missing_units_mark(), 'in (' ~ literals(units or ['null']) ~ ')')
            | replace(touched_keys_mark(), 'in (select * from touched_keys)')
    ) }}
{%- endmacro %}

{% macro literals(units) -%}
    {#- Units are file ids or dates. -#}
    {%- set values = [] -%}
    {%- for unit in units -%}
        {%- do values.append("date '" ~ unit ~ "'" if '-' in unit else unit) -%}
    {%- endfor -%}
    {{ return(values | join(', ')) }}
{%- endmacro %}

{% macro has_columns_of_query(existing) -%}
    {#- A table whose columns differ from the query's was built by an older version of the model. -#}
    {%- set there = adapter.get_columns_in_relation(existing) | map(attribute='name') | map('lower') | list -%}
    {%- set wanted = get_columns_in_query(query_of_units([])) | map('lower') | list -%}
    {{ return(there | sort == wanted | sort) }}
{%- endmacro %}

{% macro wanted_units() -%}
    {#- A table with a key has one more unit, '', which records that the table is complete. -#}
    select
        cast({{ config.require('unit') }} as varchar) as unit,
        cast({{ config.get('unit_version', 'input_version') }} as varchar) as input_version,
        cast({{ config.get('unit_rows', 'null') }} as bigint) as unit_rows
    from {{ ref(config.require('units')) }}
    where {{ config.get('units_where', '1 = 1') }}
    {%- if config.get('key') %}
    union all
    select '', '', null
    {%- endif %}
{%- endmacro %}

{% macro found_units(relation) -%}
    {#- The rows of each unit in a table or, if it has a key, all its rows as unit ''. -#}
    select
        {{ "''" if config.get('key') else 'cast(' ~ config.require('unit') ~ ' as varchar)' }} as unit,
        count(*) as unit_rows
    from {{ relation }}
    {{ 'group by ' ~ config.require('unit') if not config.get('key') }}
{%- endmacro %}

{% macro notes_of_units() -%}
    {%- set notes = this.incorporate(path={'schema': target.schema ~ '_units'}, type='table') -%}
    {%- if adapter.get_relation(notes.database, notes.schema, notes.identifier) is none -%}
        {%- call statement('notes') -%}{{ create_notes(notes) }}{%- endcall -%}
        {%- do adapter.commit() -%}
        {%- do adapter.cache_added(notes) -%}
    {%- endif -%}
    {{ return(notes) }}
{%- endmacro %}

{% macro states_of_units(notes, is_usable) -%}
    {#- Units by what a run has to do with them. The current ones of a usable table are left out: they are all of history.
        With keep_other_units, a unit that is no longer wanted is not gone. -#}
    {%- set query -%}
        with wanted as (
            {{ wanted_units() }}
        ),

        found as (
            {{ found_units(this) if is_usable else 'select unit, unit_rows from ' ~ notes ~ ' where 1 = 0' }}
        ),

        states as (
            select
                coalesce(wanted.unit, noted.unit, found.unit) as unit,
                case
                    when wanted.unit is null then 'gone'
                    when noted.unit is null and found.unit is null then 'missing'
                    when noted.unit is null or wanted.input_version <> noted.input_version then 'stale'
                    when {{ "wanted.unit = '' and " if config.get('key') }}noted.unit_rows <> coalesce(found.unit_rows, 0) then 'stale'
                    when wanted.unit_rows <> noted.unit_rows then 'stale'
                    else 'current'
                end as state
            from wanted
            full outer join {{ notes }} as noted on wanted.unit = noted.unit
            full outer join found on coalesce(wanted.unit, noted.unit) = found.unit
        )

        select unit, state from states
        {{ "where state <> 'current'" if is_usable }} order by 1
    {%- endset -%}
    {%- set states = {'wanted': [], 'missing': [], 'stale': [], 'current': [], 'gone': []} -%}
    {%- for unit, state in run_query(query).rows -%}
        {%- do states[state].append(unit) if state != 'gone' or not config.get('keep_other_units') -%}
        {%- do states.wanted.append(unit) if state != 'gone' -%}
    {%- endfor -%}
    {{ return(states) }}
{%- endmacro %}

{% macro note_units(notes, units=none) -%}
    {%- call statement('note') -%}
        merge into {{ notes }} as noted
        using (
            select wanted.unit, wanted.input_version, coalesce(found.unit_rows, 0) as unit_rows
            from ({{ wanted_units() }}) as wanted
            left join ({{ found_units(this) }}) as found on wanted.unit = found.unit
            {{ "where wanted.unit in ('" ~ (units + ['']) | join("', '") ~ "')" if units is not none }}
        ) as given on noted.unit = given.unit
        when matched then update set input_version = given.input_version, unit_rows = given.unit_rows
        when not matched then insert (unit, input_version, unit_rows) values (given.unit, given.input_version, given.unit_rows)
    {%- endcall -%}
    {%- do adapter.commit() -%}
{%- endmacro %}

{% macro forget_units(notes, units=none) -%}
    {%- call statement('forget') -%}
        delete from {{ notes }} {{ "where unit in ('" ~ units | join("', '") ~ "')" if units is not none }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
{%- endmacro %}
