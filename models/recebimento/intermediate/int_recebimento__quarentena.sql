with arquivos as (
    select * from {{ ref('base_recebimento__arquivos') }}
),

eventos_lote as (
    select * from {{ ref('base_recebimento__eventos_lote') }}
    where reasons is not null
),

verificacoes as (
    select * from {{ ref('base_recebimento__verificacoes') }}
    where reasons is not null
),

rejected_rows as (
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from eventos_lote
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from verificacoes
),

quarantined_rows as (
    select
        arquivos.source_name,
        arquivos.table_name,
        arquivos.source_file,
        rejected_rows.line_number,
        rejected_rows.raw_row,
        rejected_rows.reasons,
        arquivos.reference_period
    from rejected_rows
    inner join arquivos on rejected_rows.file_id = arquivos.file_id
)

select * from quarantined_rows
