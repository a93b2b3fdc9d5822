with arquivos as (
    select * from {{ ref('base_cartoes__arquivos') }}
),

faturas as (
    select * from {{ ref('base_cartoes__faturas') }}
    where reasons is not null
),

pagamentos as (
    select * from {{ ref('base_cartoes__pagamentos') }}
    where reasons is not null
),

rejeitadas as (
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from faturas
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from pagamentos
),

linhas_em_quarentena as (
    select
        arquivos.source_name,
        arquivos.table_name,
        arquivos.source_file,
        rejeitadas.line_number,
        rejeitadas.raw_row,
        rejeitadas.reasons,
        arquivos.reference_period
    from rejeitadas
    inner join arquivos on rejeitadas.file_id = arquivos.file_id
)

select * from linhas_em_quarentena
