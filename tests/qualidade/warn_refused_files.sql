-- A file that was refused, in a build that was told to go on without it: its rows are counted, and in no fact.
{{ config(severity='warn') }}

select
    source_file,
    refused_rows,
    refused_amount,
    problem
from {{ ref('reconciliacao') }}
where problem is not null
