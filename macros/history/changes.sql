{% macro changes_of_extracts(table_name, base, accepted) %}
    {#-
        What each extract changes against the previous one. A rejected row says nothing about its key, so its member,
        account or card does not count as gone.
    -#}
    {%- set columns = versioned_columns(table_name) -%}
    {%- set key = columns[0] -%}
with extracts as (
    select * from {{ ref('int_cooperativa__extratos') }}
    where table_name = '{{ table_name }}' {{ and_unit_is_missing('file_id') }}
),

rejected_rows as (
    select * from {{ base }}
    where reasons is not null and {{ key }} is not null
),

said_rows as (
    select
        file_id,
        {{ columns | join(',\n        ') }},
        false as is_refused
    from {{ accepted }}
),

refused_rows as (
    select distinct
        rejected_rows.file_id,
        rejected_rows.{{ key }}
    from rejected_rows
    left join said_rows
        on rejected_rows.file_id = said_rows.file_id and rejected_rows.{{ key }} = said_rows.{{ key }}
    where said_rows.file_id is null
),

all_rows as (
    select * from said_rows
    union all
    select
        file_id,
        {{ key }},
        {%- for column in columns[1:] %}
        null as {{ column }},
        {%- endfor %}
        true as is_refused
    from refused_rows
),

rows_now as (
    select
        extracts.file_id as extract_id,
        all_rows.*
    from extracts
    inner join all_rows on extracts.file_id = all_rows.file_id
),

rows_before as (
    select
        extracts.file_id as extract_id,
        all_rows.*
    from extracts
    inner join all_rows on extracts.previous_file_id = all_rows.file_id
),

changes as (
    select
        coalesce(rows_now.extract_id, rows_before.extract_id) as file_id,
        coalesce(rows_now.{{ key }}, rows_before.{{ key }}) as {{ key }},
        {%- for column in columns[1:] %}
        rows_now.{{ column }},
        {%- endfor %}
        case
            when rows_now.{{ key }} is null then 'ausente'
            when rows_now.is_refused then 'recusado'
            else 'informado'
        end as estado
    from rows_now
    full outer join rows_before
        on rows_now.extract_id = rows_before.extract_id and rows_now.{{ key }} = rows_before.{{ key }}
    where
        rows_now.{{ key }} is null
        or rows_before.{{ key }} is null
        or rows_now.is_refused
        or rows_before.is_refused
        {%- for column in columns[1:] %}
        or rows_now.{{ column }} is distinct from rows_before.{{ column }}
        {%- endfor %}
),

dated_changes as (
    select
        changes.*,
        extracts.data_extrato
    from changes
    inner join extracts on changes.file_id = extracts.file_id
)

select * from dated_changes
{% endmacro %}
