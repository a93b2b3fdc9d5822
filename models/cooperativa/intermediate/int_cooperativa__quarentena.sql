with arquivos as (
    select * from {{ ref('base_cooperativa__arquivos') }}
),

associados as (
    select * from {{ ref('base_cooperativa__associados') }}
    where reasons is not null
),

contas as (
    select * from {{ ref('base_cooperativa__contas') }}
    where reasons is not null
),

cartoes as (
    select * from {{ ref('base_cooperativa__cartoes') }}
    where reasons is not null
),

movimentacoes as (
    select * from {{ ref('base_cooperativa__movimentacoes') }}
    where reasons is not null
),

rejeitadas as (
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from associados
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from contas
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from cartoes
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from movimentacoes
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
