with verificacoes as (
    select * from {{ ref('base_recebimento__verificacoes') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_recebimento__verificacoes_repeated') }}
),

accepted_checks as (
    select
        verificacoes.verificado_em,
        verificacoes.source_name,
        verificacoes.table_name,
        verificacoes.periodo,
        verificacoes.vence_em,
        verificacoes.situacao,
        verificacoes.arquivo,
        verificacoes.file_id,
        verificacoes.line_number
    from verificacoes
    left join repeated
        on verificacoes.file_id = repeated.file_id and verificacoes.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from accepted_checks
