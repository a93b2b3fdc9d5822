{#-
    Keys and flows come from the data and become column and relation names. A name depends on its key alone, so neither
    other keys nor later runs change it. A key that is already a plain name keeps it. Any other becomes its readable
    part plus ten digits of its hash, so that no two keys share a name.
-#}

{% macro name_for(text, prefix='') -%}
    case
        when {{ matches(text, '[a-z][a-z0-9_]{0,62}') }} and {{ text }} not in (
            {%- for word in words_that_are_no_names() %}'{{ word }}'{{ ', ' if not loop.last }}{% endfor -%}
        ) then {{ text }}
        else '{{ prefix }}' || substr({{ replace_matches(plain_letters(text), '[^a-z0-9]+', '_') }}, 1, 40)
            || '_' || substr({{ dbt.hash(text) }}, 1, 10)
    end
{%- endmacro %}

{% macro words_that_are_no_names() -%}
    {#- The columns before the answers, and the engines' reserved words. -#}
    {{ return(
        ['customer', 'flow', 'session', 'first_answer_dt', 'last_answer_dt']
        + 'all alter analyse analyze and any array as asc asymmetric between both by case cast check collate column constraint
        create cross cube current_catalog current_date current_path current_role current_schema current_time
        current_timestamp current_user date day deallocate default deferrable delete desc describe distinct do drop else
        end escape except execute exists extract false fetch for foreign from full grant group grouping having hour if
        in initially inner insert intersect interval into is join lambda lateral leading left like limit listagg
        localtime localtimestamp minute month natural normalize not null offset on only or order outer partition pivot
        pivot_longer pivot_wider placing prepare primary qualify recursive references returning right rollup second
        select show skip some summarize symmetric table then time timestamp to trailing trim true uescape union unique
        unnest unpivot update user using values variadic when where window with within year'.split()
    ) }}
{%- endmacro %}

{% macro is_running() -%}
    {#- Only commands that run models may query the data; parse, compile and docs work without any. -#}
    {{ return(execute and flags.WHICH in ('run', 'build', 'snapshot', 'retry', 'run-operation')) }}
{%- endmacro %}

{% macro chatbot_columns(flow=none) -%}
    {#- Key and column of every answer, or of one flow's answers in the order it asks. Empty while only compiling. -#}
    {%- if not is_running() -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set query -%}
        select answer_key, column_name
        from {{ ref('chatbot_keys') }}
        {%- if flow is not none %}
        where flow = {{ sql_string(flow) }}
        order by position_in_flow
        {%- else %}
        group by answer_key, column_name
        order by column_name
        {%- endif %}
    {%- endset -%}
    {{ return(run_query(query).rows) }}
{%- endmacro %}

{% macro answer_columns(answers) -%}
    {%- set columns = [] -%}
    {%- for key, column in chatbot_columns() -%}
        {%- do columns.append(map_value(answers, key) ~ ' as ' ~ adapter.quote(column)) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{% macro create_flow_views(pivoted) %}
    {#- Post-hook: creates one view per flow with its own columns, and drops the views of flows that are gone. -#}
    {%- if is_running() -%}
    {%- set wanted = [] -%}
    {%- for flow, relation_name in run_query(
        'select distinct flow, relation_name from ' ~ ref('chatbot_keys') ~ ' order by relation_name'
    ) -%}
        {%- set view = api.Relation.create(
            database=pivoted.database, schema=pivoted.schema, identifier=relation_name, type='view'
        ) -%}
        {%- do wanted.append(relation_name) -%}
        {%- set query -%}
            create or replace view {{ view }} as
            select
                customer,
                flow,
                session,
                first_answer_dt,
                last_answer_dt
                {%- for key, column in chatbot_columns(flow) %},
                {{ adapter.quote(column) }}
                {%- endfor %}
            from {{ without_catalog(pivoted) }}
            where flow = {{ sql_string(flow) }}
        {%- endset -%}
        {%- do run_query(query) -%}
    {%- endfor -%}
    {%- set query -%}
        select table_name
        from information_schema.tables
        where table_schema = '{{ pivoted.schema }}' and table_name like 'chatbot#_flow#_%' escape '#'
    {%- endset -%}
    {%- for name in run_query(query).columns[0].values() if name not in wanted -%}
        {%- do adapter.drop_relation(api.Relation.create(
            database=pivoted.database, schema=pivoted.schema, identifier=name, type='view'
        )) -%}
    {%- endfor -%}
    {%- endif -%}
{% endmacro %}
