{% macro reconciled_files(tables, files) %}
    {#- Compares the totals of a counter independent of the reader with the dispositions of the rows that were read. -#}
    {%- set dispositions = ['accepted', 'superseded', 'duplicate', 'rejected', 'refused'] -%}
with files as (
    select * from {{ files }}
    where true {{ and_unit_is_missing('file_id') }}
),

    {%- for source_relation, rows, repeated in tables %}

{{ rows.identifier }} as (
    select * from {{ rows }}
    where true {{ and_unit_is_missing('file_id') }}
),

{{ repeated.identifier }} as (
    select * from {{ repeated }}
),
    {%- endfor %}

counts as (
    {%- for source_relation, rows, repeated in tables %}
    {{ counted_rows(source_relation, rows.identifier, repeated.identifier) }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

judged_files as (
    select
        files.source_name,
        files.table_name,
        files.source_file,
        files.content_hash,
        files.raw_rows,
        {%- for disposition in dispositions[:-1] %}
        coalesce(sum(case when counts.disposition = '{{ disposition }}' then counts.total_rows end), 0) as {{ disposition }}_rows,
        coalesce(sum(case when counts.disposition = '{{ disposition }}' then counts.amount end), 0) as {{ disposition }}_amount,
        {%- endfor %}
        case when files.problem is null then 0 else files.raw_rows end as refused_rows,
        case when files.problem is null then 0 else coalesce(files.raw_amount, 0) end as refused_amount,
        case when files.problem is null then 0 else files.unreadable_amounts end
        + coalesce(sum(counts.unreadable_rows), 0) as unreadable_rows,
        files.raw_amount,
        files.unreadable_amounts,
        files.reference_period,
        files.extra_columns,
        files.problem,
        files.file_id,
        min(case when counts.disposition <> 'rejected' then counts.first_date end) as first_date,
        min(case when counts.disposition = 'accepted' then counts.first_date end) as first_accepted_date,
        max(case when counts.disposition = 'accepted' then counts.last_date end) as last_accepted_date
    from files
    left join counts on files.file_id = counts.file_id
    group by
        files.source_name, files.table_name, files.source_file, files.content_hash, files.raw_rows, files.raw_amount,
        files.unreadable_amounts, files.reference_period, files.extra_columns, files.problem, files.file_id
),

reconciled_files as (
    select
        source_name,
        table_name,
        source_file,
        cast(raw_rows as bigint) as raw_rows,
        {%- for disposition in dispositions %}
        cast({{ disposition }}_rows as bigint) as {{ disposition }}_rows,
        {%- endfor %}
        cast(raw_rows - {{ dispositions | join('_rows - ') }}_rows as bigint) as difference_rows,
        cast(raw_amount as decimal(18, 2)) as raw_amount,
        {%- for disposition in dispositions %}
        cast(case when raw_amount is not null then {{ disposition }}_amount end as decimal(18, 2))
            as {{ disposition }}_amount,
        {%- endfor %}
        cast(raw_amount - {{ dispositions | join('_amount - ') }}_amount as decimal(18, 2)) as difference_amount,
        cast(unreadable_amounts as bigint) as unreadable_amount_rows,
        cast(unreadable_amounts - unreadable_rows as bigint) as difference_unreadable_rows,
        reference_period,
        content_hash,
        extra_columns,
        problem,
        file_id,
        first_date,
        first_accepted_date,
        last_accepted_date
    from judged_files
)

select * from reconciled_files
{% endmacro %}
