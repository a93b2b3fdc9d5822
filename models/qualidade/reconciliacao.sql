-- Left: what an independent reading of the files counts. Right: what the base models made of them.
with judged_rows as (
    {%- for source_relation, files, base in raw_tables() %}
    {%- set amount = raw_table(source_relation).amount or 'null' %}
    select
        file_id,
        disposition,
        count(*) as judged_rows,
        sum({{ amount }}) as judged_amount
    from {{ base }}
    group by file_id, disposition
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

judged_files as (
    select
        file_id,
        {%- for disposition in ['accepted', 'superseded', 'duplicate', 'rejected'] %}
        sum(case when disposition = '{{ disposition }}' then judged_rows else 0 end) as {{ disposition }}_rows,
        sum(case when disposition = '{{ disposition }}' then judged_amount else 0 end) as {{ disposition }}_amount
        {{- ',' if not loop.last }}
        {%- endfor %}
    from judged_rows
    group by file_id
),

raw_files as (
    {%- for files in raw_tables() | map(attribute=1) | unique %}
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
        coalesce(raw_files.raw_rows, 0) as raw_rows,
        raw_files.raw_amount,
        {%- for disposition in ['accepted', 'superseded', 'duplicate', 'rejected'] %}
        coalesce(judged_files.{{ disposition }}_rows, 0) as {{ disposition }}_rows,
        case when raw_files.raw_amount is not null then coalesce(judged_files.{{ disposition }}_amount, 0) end
            as {{ disposition }}_amount
        {{- ',' if not loop.last }}
        {%- endfor %}
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
    cast(raw_rows - accepted_rows - superseded_rows - duplicate_rows - rejected_rows as bigint)
        as difference_rows,
    cast(raw_amount as decimal(18, 2)) as raw_amount,
    cast(accepted_amount as decimal(18, 2)) as accepted_amount,
    cast(superseded_amount as decimal(18, 2)) as superseded_amount,
    cast(duplicate_amount as decimal(18, 2)) as duplicate_amount,
    cast(rejected_amount as decimal(18, 2)) as rejected_amount,
    cast(
        raw_amount - accepted_amount - superseded_amount - duplicate_amount - rejected_amount as decimal(18, 2)
    ) as difference_amount,
    reference_period,
    extra_columns
from compared_files
