with arquivos as (
    select * from {{ ref('base_cobranca__arquivos') }}
),

dividas as (
    select * from {{ ref('base_cobranca__dividas') }}
    where reasons is not null
),

linhas_em_quarentena as (
    select
        arquivos.source_name,
        arquivos.table_name,
        arquivos.source_file,
        dividas.line_number,
        dividas.raw_row,
        dividas.reasons,
        arquivos.reference_period
    from dividas
    inner join arquivos on dividas.file_id = arquivos.file_id
)

select * from linhas_em_quarentena
