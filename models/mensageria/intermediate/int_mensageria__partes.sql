{{ config(materialized='table') }}

-- `lastro close-billing` closes whole files, so a file is in parts only if somebody else wrote a closing.
with posicoes as (
    select * from {{ ref('int_mensageria__posicoes') }}
),

particoes as (
    select * from {{ ref('int_mensageria__fechamento_particoes') }}
),

limites as (
    select
        topico,
        particao,
        ate_offset
    from particoes
    union
    select
        topico,
        particao,
        de_offset - 1 as ate_offset
    from particoes
),

fins as (
    select
        posicoes.file_id,
        limites.ate_offset
    from posicoes
    inner join limites
        on
            posicoes.topico = limites.topico
            and posicoes.particao = limites.particao
            and posicoes.primeiro_offset <= limites.ate_offset
            and posicoes.ultimo_offset > limites.ate_offset
    union
    select
        file_id,
        ultimo_offset as ate_offset
    from posicoes
),

partes as (
    select
        fins.file_id,
        posicoes.topico,
        posicoes.particao,
        lag(fins.ate_offset, 1, posicoes.primeiro_offset - 1) over (partition by fins.file_id order by fins.ate_offset)
        + 1 as de_offset,
        fins.ate_offset,
        count(*) over (partition by fins.file_id) as partes_do_arquivo,
        posicoes.chegada
    from fins
    inner join posicoes on fins.file_id = posicoes.file_id
)

select * from partes
