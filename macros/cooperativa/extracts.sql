{#-
    History: each dated extract is taken into the dbt snapshot once, in the order of the dates. A snapshot query sees
    one extract, the first that was not taken yet; take_other_extracts goes on with the others in the same run.
    Which extracts were taken, in which content, stands in the snapshot itself, in rows whose key is '': no member,
    account or card has an empty key.
-#}

{% macro extract_to_take(table_name, files) -%}
    {#- The date of the extract that the snapshot query sees, as SQL. -#}
    {%- if not is_running() -%}
        {{ return("date '1900-01-01'") }}
    {%- endif -%}
    {%- set target = load_relation(this) -%}
    {%- set extracts = listed_extracts(table_name, files) -%}
    {%- set taken = taken_extracts(target) -%}
    {%- if target is not none and (flags.FULL_REFRESH or extracts[:taken | length] != taken) -%}
        {#- An extract came late, was corrected or is gone: history is taken from the first one on. -#}
        {%- do adapter.drop_relation(target) -%}
        {%- set taken = [] -%}
    {%- endif -%}
    {%- set waiting = extracts[taken | length:] or extracts[-1:] -%}
    {{ return("date '" ~ (waiting[0][0] if waiting else '1900-01-01') ~ "'") }}
{%- endmacro %}

{% macro listed_extracts(table_name, files) -%}
    {%- set query -%}
        select cast(reference_period as varchar), {{ extract_version() }}
        from {{ files }}
        where table_name = '{{ table_name }}'
        order by reference_period
    {%- endset -%}
    {{ return(rows_as_lists(query)) }}
{%- endmacro %}

{% macro taken_extracts(snapshot) -%}
    {%- if snapshot is none -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set key = config.get('unique_key') -%}
    {%- set query -%}
        select cast(dbt_valid_from as varchar), file_id
        from {{ snapshot }}
        where {{ key }} = ''
        order by dbt_valid_from
    {%- endset -%}
    {{ return(rows_as_lists(query)) }}
{%- endmacro %}

{% macro rows_as_lists(query) -%}
    {%- set rows = [] -%}
    {%- for row in run_query(query) -%}
        {%- do rows.append(row.values() | map('string') | list) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}

{% macro one_extract(table_name, rows, files) %}
    {#- The rows of the first extract that was not taken yet, and the row that says that it is taken. -#}
    {%- set columns = versioned_columns(table_name) -%}
    {%- set extract_date = extract_to_take(table_name, files) %}
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        cast(null as varchar) as file_id,
        data_extrato
    from {{ rows }}
    where data_extrato = {{ extract_date }}
    union all
    select
        '',
        {%- for column in columns[1:] %}
        null,
        {%- endfor %}
        {{ extract_version() }},
        reference_period
    from {{ files }}
    where table_name = '{{ table_name }}' and reference_period = {{ extract_date }}
{% endmacro %}

{% macro extract_version() -%}
    {#- An extract and how its values are read: when a domain gets another spelling, history is another one too. -#}
    cast(file_id as varchar) || ' ' || (
        select {{ dbt.hash(dbt.listagg(
            "coluna || ',' || escrita || ',' || valor", "';'", 'order by coluna, escrita'
        )) }}
        from {{ ref('dominios') }}
    )
{%- endmacro %}

{% macro take_other_extracts(table_name, files) %}
    {#- Post-hook of a snapshot: what dbt did for the first extract that waited, for all the others. -#}
    {%- if is_running() -%}
    {#- dbt looks for a table that it made a moment ago only if it is told of it. -#}
    {%- do adapter.cache_added(this.incorporate(type='table')) -%}
    {%- set extracts = listed_extracts(table_name, files) -%}
    {%- for extract_date, file_id in extracts[taken_extracts(this) | length:] -%}
        {%- set query = modules.re.sub("date '[0-9-]+'", "date '" ~ extract_date ~ "'", model.compiled_code) -%}
        {%- do model.update({'compiled_code': query}) -%}
        {%- set strategy = snapshot_check_strategy(model, 'snapshotted_data', 'source_data', config, true) -%}
        {%- set staging = api.Relation.create(
            database=this.database, schema=this.schema, identifier=this.identifier ~ '__mudancas', type='table'
        ) -%}
        {%- do adapter.drop_relation(staging) -%}
        {%- do run_query(create_table_as(false, staging, snapshot_staging_table(strategy, query, this))) -%}
        {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='quoted') | list -%}
        {%- do run_query(snapshot_merge(this, staging, columns)) -%}
        {%- do adapter.drop_relation(staging) -%}
    {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{% macro snapshot_merge(target, staging, columns) %}
    merge into {{ target }} as versions
    using {{ staging }} as changes
    on versions.dbt_scd_id = changes.dbt_scd_id
    when matched and versions.dbt_valid_to is null and changes.dbt_change_type in ('update', 'delete')
        then update set dbt_valid_to = changes.dbt_valid_to
    when not matched and changes.dbt_change_type = 'insert'
        then insert ({{ columns | join(', ') }})
        values (changes.{{ columns | join(', changes.') }})
{% endmacro %}
