-- A partition that was silent for an hour does not hold the others back. If all are silent, nothing more is known.
with posicoes as (
    select * from {{ ref('int_mensageria__posicoes') }}
),

particoes as (
    select
        topico,
        particao,
        max(ultimo_evento) as ultimo_evento
    from posicoes
    group by topico, particao
),

topicos as (
    select
        topico,
        max(ultimo_evento) as ultimo_evento
    from particoes
    group by topico
),

minutos as (
    select {{ view_timestamp("date_trunc('minute', min(particoes.ultimo_evento))") }} as conhecido_ate
    from particoes
    inner join topicos on particoes.topico = topicos.topico
    where particoes.ultimo_evento > topicos.ultimo_evento - interval '1' hour
),

conhecido as (
    select
        conhecido_ate,
        {{ billing_day("conhecido_ate - interval '1' minute") }} as dia
    from minutos
    where conhecido_ate is not null
)

select * from conhecido
