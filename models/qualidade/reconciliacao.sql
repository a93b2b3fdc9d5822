-- Left: what another counter than the reader counts in the files. Right: what became of the rows that were read.
with judged_rows as (
    {%- for table in raw_tables() %}
    select
        base.file_id,
        case
            when base.reasons is not null then 'rejected'
            else coalesce(repeated.disposition, 'accepted')
        end as disposition,
        count(*) as judged_rows,
        sum({{ 'base.' ~ table.amount if table.amount else 'cast(null as decimal(18, 2))' }}) as judged_amount,
        {{ 'count(*) - count(base.' ~ table.amount ~ ')' if table.amount else '0' }} as unreadable_rows
    from {{ table.rows }} as base
    left join {{ table.repeated }} as repeated
        on base.file_id = repeated.file_id and base.line_number = repeated.line_number
    group by base.file_id, base.reasons, repeated.disposition
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

judged_files as (
    select
        file_id,
        {%- for disposition in ['accepted', 'superseded', 'duplicate', 'rejected'] %}
        sum(case when disposition = '{{ disposition }}' then judged_rows else 0 end) as {{ disposition }}_rows,
        sum(case when disposition = '{{ disposition }}' then judged_amount else 0 end) as {{ disposition }}_amount,
        {%- endfor %}
        sum(unreadable_rows) as unreadable_rows
    from judged_rows
    group by file_id
),

raw_files as (
    {%- for files in raw_tables() | map(attribute='files') | unique %}
    select * from {{ files }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

-- A full join: rows of a file that nobody lists are a difference too.
compared_files as (
    select
        raw_files.source_name,
        raw_files.table_name,
        raw_files.source_file,
        raw_files.reference_period,
        raw_files.extra_columns,
        raw_files.problem,
        raw_files.raw_amount,
        raw_files.unreadable_amounts,
        {%- for disposition in ['accepted', 'superseded', 'duplicate', 'rejected'] %}
        coalesce(judged_files.{{ disposition }}_rows, 0) as {{ disposition }}_rows,
        coalesce(judged_files.{{ disposition }}_amount, 0) as {{ disposition }}_amount,
        {%- endfor %}
        coalesce(raw_files.raw_rows, 0) as raw_rows,
        case when raw_files.problem is not null then raw_files.raw_rows else 0 end as refused_rows,
        case when raw_files.problem is not null then coalesce(raw_files.raw_amount, 0) else 0 end as refused_amount,
        case when raw_files.problem is not null then raw_files.unreadable_amounts else 0 end
        + coalesce(judged_files.unreadable_rows, 0) as unreadable_rows
    from raw_files
    full outer join judged_files on raw_files.file_id = judged_files.file_id
)

select
    source_name,
    table_name,
    source_file,
    cast(raw_rows as bigint) as raw_rows,
    cast(accepted_rows as bigint) as accepted_rows,
    cast(superseded_rows as bigint) as superseded_rows,
    cast(duplicate_rows as bigint) as duplicate_rows,
    cast(rejected_rows as bigint) as rejected_rows,
    cast(refused_rows as bigint) as refused_rows,
    cast(
        raw_rows - accepted_rows - superseded_rows - duplicate_rows - rejected_rows - refused_rows as bigint
    ) as difference_rows,
    cast(raw_amount as decimal(18, 2)) as raw_amount,
    {%- for disposition in ['accepted', 'superseded', 'duplicate', 'rejected', 'refused'] %}
    cast(case when raw_amount is not null then {{ disposition }}_amount end as decimal(18, 2))
        as {{ disposition }}_amount,
    {%- endfor %}
    cast(
        raw_amount - accepted_amount - superseded_amount - duplicate_amount - rejected_amount - refused_amount
        as decimal(18, 2)
    ) as difference_amount,
    cast(unreadable_amounts as bigint) as unreadable_amount_rows,
    cast(unreadable_amounts - unreadable_rows as bigint) as difference_unreadable_rows,
    reference_period,
    extra_columns,
    problem
from compared_files
