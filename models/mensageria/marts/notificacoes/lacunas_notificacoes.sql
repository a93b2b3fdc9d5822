-- Offsets that no file holds: deleted by the broker before they were read, or in a file that is missing.
with posicoes as (
    select * from {{ ref('int_mensageria__posicoes') }}
),

lacunas as (
    select * from {{ ref('stg_mensageria__lacunas') }}
),

vizinhos as (
    select
        topico,
        particao,
        primeiro_offset,
        primeiro_evento,
        ultimo_evento,
        max(ultimo_offset) over (
            partition by topico, particao
            order by primeiro_offset, ultimo_offset
            rows between unbounded preceding and 1 preceding
        ) as offset_anterior,
        lag(ultimo_evento) over (
            partition by topico, particao
            order by primeiro_offset, ultimo_offset
        ) as evento_anterior
    from posicoes
),

faltas as (
    select
        topico,
        particao,
        offset_anterior + 1 as de_offset,
        primeiro_offset - 1 as ate_offset,
        {{ billing_day('evento_anterior') }} as dia_antes,
        {{ billing_day('primeiro_evento') }} as primeiro_dia_depois,
        {{ billing_day('coalesce(ultimo_evento, primeiro_evento)') }} as ultimo_dia_depois
    from vizinhos
    where primeiro_offset > offset_anterior + 1
),

-- A late message may stand right behind the gap.
faltas_situadas as (
    select
        topico,
        particao,
        de_offset,
        ate_offset,
        case when primeiro_dia_depois < dia_antes then primeiro_dia_depois else dia_antes end as primeiro_dia,
        case when ultimo_dia_depois < dia_antes then dia_antes else ultimo_dia_depois end as ultimo_dia
    from faltas
),

apagadas as (
    select
        lacunas.topico,
        lacunas.particao,
        lacunas.de_offset,
        lacunas.ate_offset,
        {{ billing_day('max(posicoes.ultimo_evento)') }} as primeiro_dia
    from lacunas
    left join posicoes
        on
            lacunas.topico = posicoes.topico
            and lacunas.particao = posicoes.particao
            and lacunas.de_offset > posicoes.ultimo_offset
    group by lacunas.topico, lacunas.particao, lacunas.de_offset, lacunas.ate_offset
),

lacunas_situadas as (
    select
        coalesce(faltas.topico, apagadas.topico) as topico,
        coalesce(faltas.particao, apagadas.particao) as particao,
        coalesce(faltas.de_offset, apagadas.de_offset) as de_offset,
        coalesce(faltas.ate_offset, apagadas.ate_offset) as ate_offset,
        case when apagadas.topico is null then 'arquivo_ausente' else 'apagada' end as motivo,
        coalesce(faltas.primeiro_dia, apagadas.primeiro_dia) as primeiro_dia,
        faltas.ultimo_dia
    from faltas_situadas as faltas
    full outer join apagadas
        on
            faltas.topico = apagadas.topico
            and faltas.particao = apagadas.particao
            and faltas.de_offset = apagadas.de_offset
)

select * from lacunas_situadas
