-- Closings that end inside a file. `lastro close-billing` ends at the end of files, so there are few or none.
with posicoes as (
    select * from {{ ref('int_mensageria__posicoes') }}
),

particoes as (
    select * from {{ ref('int_mensageria__fechamento_particoes') }}
),

cortes as (
    select distinct
        posicoes.file_id,
        particoes.ate_offset
    from posicoes
    inner join particoes
        on
            posicoes.topico = particoes.topico
            and posicoes.particao = particoes.particao
            and posicoes.primeiro_offset <= particoes.ate_offset
            and posicoes.ultimo_offset > particoes.ate_offset
)

select * from cortes
