-- Warns of files with undeclared columns. The columns are kept in `extra_columns` of the base rows.
{{ config(severity='warn') }}

select
    source_file,
    extra_columns
from {{ ref('reconciliacao') }}
where extra_columns is not null
