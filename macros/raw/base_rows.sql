{% macro base_rows(source_relation, files, rules={}) %}
    {#- Each raw row once: typed, with one disposition and all its reasons. See the README of this folder. -#}
    {%- set table = raw_table(source_relation) -%}
    {%- set key = table.key -%}
    {%- set names = table.columns | map(attribute='name') | list -%}
    {%- set paths = unread_paths(table, files) %}
with raw_rows as (
    {%- if paths %}
    {{ raw_rows(table, files, paths) }}
    {%- else %}
    {{ no_raw_rows(table) }}
    {%- endif %}
),

typed_rows as (
    select
        file_id,
        line_number,
        raw_row,
        row_problem,
        extra_columns,
        {%- for column in table.columns %}
        {%- if column.type != 'varchar' %}
        {{ column.name }} as text_{{ loop.index }},
        {%- endif %}
        {{ typed_cell(column.name, column.type) }} as {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from raw_rows
),

judged_rows as (
    select
        *,
        case
            when row_problem is not null then row_problem
            else nullif(concat_ws(
                ',',
                {%- for column in table.columns %}
                {%- set is_blank = "coalesce(" ~ trimmed('text_' ~ loop.index) ~ ", '') = ''" %}
                {%- if column.type == 'varchar' and column.required %}
                case when {{ column.name }} is null then '{{ column.name }}:missing' end,
                {%- elif column.type != 'varchar' %}
                case
                    when {{ column.name }} is null and {{ is_blank }}
                        then {{ "'" ~ column.name ~ ":missing'" if column.required else 'null' }}
                    when {{ column.name }} is null
                        then '{{ column.name }}:{{ {'date': 'not_a_date', 'timestamp': 'not_a_timestamp'}.get(column.type, 'not_a_number') }}'
                    {%- if column.type in ('date', 'timestamp') %}
                    when {{ column.name }} < date '1900-01-01' or {{ column.name }} >= date '2100-01-01'
                        then '{{ column.name }}:out_of_range'
                    {%- endif %}
                end,
                {%- endif %}
                {%- endfor %}
                {%- for reason, condition in rules.items() %}
                case when {{ condition }} then '{{ reason }}' end,
                {%- endfor %}
                null
            ), '')
        end as reasons
    from typed_rows
),

read_rows as (
    select
        file_id,
        line_number,
        case when reasons is not null then raw_row end as raw_row,
        reasons,
        extra_columns,
        {{ names | join(',\n        ') }}
    from judged_rows
),

{%- if is_incremental() and known_rows_are_touched(table, files, paths) %}

-- A key that came, or went with a file that is no longer as it was, is judged again in all its rows.
touched_keys as (
    select {{ key | join(', ') }} from read_rows where reasons is null
    union
    select {{ key | join(', ') }}
    from {{ this }}
    where reasons is null and file_id not in (select file_id from {{ files }})
),

kept_rows as (
    select
        kept.file_id,
        kept.line_number,
        kept.raw_row,
        kept.reasons,
        kept.extra_columns,
        {%- for name in names %}
        kept.{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ this }} as kept
    inner join touched_keys on {{ same_key('kept', 'touched_keys', key) }}
    where
        kept.reasons is null
        and kept.file_id in (select file_id from {{ files }})
        and kept.file_id not in (select file_id from read_rows)
),

candidate_rows as (
    select * from read_rows
    union all
    select * from kept_rows
),
{%- else %}

candidate_rows as (
    select * from read_rows
),
{%- endif %}

{{ ranked_rows(key, names, files) }}

select
    file_id,
    line_number,
    raw_row,
    reasons,
    extra_columns,
    {{ names | join(',\n    ') }},
    case
        when reasons is not null then 'rejected'
        when coalesce(rank_in_key, 1) = 1 then 'accepted'
        when rank_in_content > 1 then 'duplicate'
        else 'superseded'
    end as disposition
from ranked_rows
{% endmacro %}

{% macro same_key(left, right, key) -%}
    {%- for column in key -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{% macro newest_first() -%}
    files.reference_period desc nulls last, files.source_file desc, candidate_rows.line_number desc
{%- endmacro %}

{% macro typed_cell(text, type) -%}
    {%- if type == 'date' -%}
        {{ parse_date(text) }}
    {%- elif type == 'timestamp' -%}
        {{ parse_timestamp(text) }}
    {%- elif type.startswith('decimal') -%}
        {{ parse_amount(text) }}
    {%- else -%}
        nullif({{ trimmed(text) }}, '')
    {%- endif -%}
{%- endmacro %}

{% macro no_raw_rows(table) %}
    select
        cast(null as bigint) as file_id,
        cast(null as bigint) as line_number,
        cast(null as varchar) as raw_row,
        cast(null as varchar) as row_problem,
        cast(null as varchar) as extra_columns,
        {%- for column in table.columns %}
        cast(null as varchar) as {{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    where 1 = 0
{% endmacro %}

{% macro unread_paths(table, files) %}
    {#- The files that are not in this base table yet, or not as they are now. Refused files stop the build. -#}
    {%- if not is_running() -%}
        {{ return([example_path(table)]) }}
    {%- endif -%}
    {%- do refuse_problems(files) -%}
    {%- set query -%}
        select source_file
        from {{ files }}
        where
            table_name = '{{ table.name }}'
            and raw_rows > 0
            {%- if is_incremental() %}
            -- By their number and not by being there: on Athena a killed load leaves a part of the rows.
            and (file_id, raw_rows) not in (select file_id, count(*) from {{ this }} group by file_id)
            {%- endif %}
        order by source_file
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | list) }}
{% endmacro %}

{% macro refuse_problems(files) %}
    {#- A file whose structure cannot be trusted stops the command, with all that is to be done about it. -#}
    {%- set problems = run_query(
        'select problem from ' ~ files ~ ' where problem is not null order by source_file'
    ).columns[0].values() -%}
    {%- if problems -%}
        {%- do exceptions.raise_compiler_error(
            problems | length ~ ' raw file(s) below ' ~ raw_root() ~ ' cannot be read:\n  ' ~ problems | join('\n  ')
        ) -%}
    {%- endif -%}
{% endmacro %}

{% macro delete_stale_rows(inputs, column='file_id') %}
    delete from {{ this }} where {{ column }} not in (select inputs.{{ column }} from {{ inputs }} as inputs)
{% endmacro %}
