with verificacoes as (
    select * from {{ ref('stg_recebimento__verificacoes') }}
),

ranked_checks as (
    select
        *,
        row_number() over (
            partition by source_name, table_name, periodo
            order by verificado_em desc
        ) as posicao
    from verificacoes
),

arquivos_esperados as (
    select
        source_name,
        table_name,
        periodo,
        vence_em,
        situacao,
        verificado_em,
        arquivo
    from ranked_checks
    where posicao = 1
)

select * from arquivos_esperados
