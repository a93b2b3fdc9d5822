-- A file with columns that nobody declared: they are kept (`extra_columns` of the base rows), and told.
{{ config(severity='warn') }}

select
    source_file,
    extra_columns
from {{ ref('reconciliacao') }}
where extra_columns is not null
