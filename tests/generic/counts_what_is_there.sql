{% test counts_what_is_there(model, table_name, rows, amount=none) %}
-- A file is counted when it arrives. Invariant: its rows are still there, each once, with the same number rejected and
-- the same R$.
with found_files as (
    select
        file_id,
        count(*) as total_rows,
        count(reasons) as rejected_rows,
        coalesce(sum({{ amount if amount else '0' }}), 0) as amount
    from {{ rows }}
    group by file_id
),

counted_files as (
    select
        file_id,
        accepted_rows + superseded_rows + duplicate_rows + rejected_rows as total_rows,
        rejected_rows,
        coalesce(accepted_amount + superseded_amount + duplicate_amount + rejected_amount, 0) as amount
    from {{ model }}
    where table_name = '{{ table_name }}'
)

select
    coalesce(counted_files.file_id, found_files.file_id) as file_id,
    counted_files.total_rows as counted_rows,
    found_files.total_rows as found_rows,
    counted_files.amount as counted_amount,
    found_files.amount as found_amount
from counted_files
full outer join found_files on counted_files.file_id = found_files.file_id
where
    counted_files.file_id is null
    or counted_files.total_rows <> coalesce(found_files.total_rows, 0)
    or counted_files.rejected_rows <> coalesce(found_files.rejected_rows, 0)
    or counted_files.amount <> coalesce(found_files.amount, 0)
{% endtest %}
