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

particoes_comparadas as (
    select
        ultimo_evento,
        max(ultimo_evento) over () as ultimo_de_todas
    from particoes
),

minutos as (
    select {{ view_timestamp("date_trunc('minute', min(ultimo_evento))") }} as conhecido_ate
    from particoes_comparadas
    where ultimo_evento > ultimo_de_todas - interval '1' hour
),

conhecido as (
    select
        conhecido_ate,
        {{ billing_day("conhecido_ate - interval '1' minute") }} as dia
    from minutos
    where conhecido_ate is not null
)

select * from conhecido
