-- Invariant: quarentena has exactly the rows of each file that the reconciliation counts as rejected.
with quarantined as (
    select
        source_file,
        count(*) as total_rows
    from {{ ref('quarentena') }}
    group by source_file
),

reconciled as (
    select
        source_file,
        rejected_rows
    from {{ ref('reconciliacao') }}
)

select
    reconciled.source_file,
    reconciled.rejected_rows,
    coalesce(quarantined.total_rows, 0) as quarantined_rows
from reconciled
left join quarantined on reconciled.source_file = quarantined.source_file
where reconciled.rejected_rows <> coalesce(quarantined.total_rows, 0)
