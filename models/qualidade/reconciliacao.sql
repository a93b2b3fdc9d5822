-- Left: what an independent reading of the files counts. Right: what the base models made of them.
with judged_rows as (
    {%- for source_relation, files, base in raw_tables() %}
    {%- set amount = raw_table(source_relation).amount or 'cast(null as decimal(18, 2))' %}
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
        sum(case when disposition = 'accepted' then judged_rows else 0 end) as accepted_rows,
        sum(case when disposition = 'accepted' then judged_amount else 0 end) as accepted_amount,
        sum(case when disposition = 'superseded' then judged_rows else 0 end) as superseded_rows,
        sum(case when disposition = 'superseded' then judged_amount else 0 end) as superseded_amount,
        sum(case when disposition = 'duplicate' then judged_rows else 0 end) as duplicate_rows,
        sum(case when disposition = 'duplicate' then judged_amount else 0 end) as duplicate_amount,
        sum(case when disposition = 'rejected' then judged_rows else 0 end) as rejected_rows,
        sum(case when disposition = 'rejected' then judged_amount else 0 end) as rejected_amount
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
        coalesce(judged_files.accepted_rows, 0) as accepted_rows,
        coalesce(judged_files.accepted_amount, 0) as accepted_amount,
        coalesce(judged_files.superseded_rows, 0) as superseded_rows,
        coalesce(judged_files.superseded_amount, 0) as superseded_amount,
        coalesce(judged_files.duplicate_rows, 0) as duplicate_rows,
        coalesce(judged_files.duplicate_amount, 0) as duplicate_amount,
        coalesce(judged_files.rejected_rows, 0) as rejected_rows,
        coalesce(judged_files.rejected_amount, 0) as rejected_amount
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
    cast(case when raw_amount is not null then accepted_amount end as decimal(18, 2)) as accepted_amount,
    cast(case when raw_amount is not null then superseded_amount end as decimal(18, 2)) as superseded_amount,
    cast(case when raw_amount is not null then duplicate_amount end as decimal(18, 2)) as duplicate_amount,
    cast(case when raw_amount is not null then rejected_amount end as decimal(18, 2)) as rejected_amount,
    cast(
        raw_amount - accepted_amount - superseded_amount - duplicate_amount - rejected_amount as decimal(18, 2)
    ) as difference_amount,
    reference_period,
    extra_columns
from compared_files
