-- Warns of extracts with less than half the rows of the previous one. They may be truncated, and every key that an
-- extract lacks is closed.
{{ config(severity='warn') }}

with extracts as (
    select
        table_name,
        source_file,
        raw_rows,
        lag(raw_rows) over (partition by table_name order by reference_period) as rows_before
    from {{ ref('base_cooperativa__arquivos') }}
    where table_name <> 'movimentacao_cartao'
)

select *
from extracts
where raw_rows * 2 < rows_before
