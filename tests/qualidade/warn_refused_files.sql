-- Warns of files refused in a build that was told to skip them. Their rows are counted but are in no fact.
{{ config(severity='warn') }}

select
    source_file,
    refused_rows,
    refused_amount,
    problem
from {{ ref('reconciliacao') }}
where problem is not null
