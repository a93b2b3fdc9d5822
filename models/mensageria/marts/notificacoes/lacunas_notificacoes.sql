-- Offsets that no file holds: deleted by the broker before they were read, or in a file that is missing.
with posicoes as (
    select * from {{ ref('int_mensageria__posicoes') }}
),

lacunas as (
    select * from {{ ref('stg_mensageria__lacunas') }}
),

-- What lies between the files of a partition, and behind the last one.
arquivos_da_particao as (
    select
        topico,
        particao,
        primeiro_offset,
        ultimo_offset
    from posicoes
    union
    select
        topico,
        particao,
        -1 as primeiro_offset,
        -1 as ultimo_offset
    from lacunas
),

buracos as (
    select
        topico,
        particao,
        max(ultimo_offset) over (
            partition by topico, particao
            order by primeiro_offset, ultimo_offset
            rows between unbounded preceding and current row
        ) + 1 as de_offset,
        lead(primeiro_offset, 1, 9223372036854775807) over (
            partition by topico, particao
            order by primeiro_offset, ultimo_offset
        ) - 1 as ate_offset
    from arquivos_da_particao
),

-- Of two consumers one may have read what the other found deleted, so only what lies in no file counts.
apagadas as (
    select
        lacunas.topico,
        lacunas.particao,
        greatest(lacunas.de_offset, buracos.de_offset) as de_offset,
        least(lacunas.ate_offset, buracos.ate_offset) as ate_offset
    from lacunas
    inner join buracos
        on
            lacunas.topico = buracos.topico
            and lacunas.particao = buracos.particao
            and buracos.de_offset <= buracos.ate_offset
            and lacunas.de_offset <= buracos.ate_offset
            and lacunas.ate_offset >= buracos.de_offset
),

explicadas as (
    select
        topico,
        particao,
        primeiro_offset,
        ultimo_offset
    from posicoes
    union all
    select
        topico,
        particao,
        de_offset as primeiro_offset,
        ate_offset as ultimo_offset
    from apagadas
),

vizinhas as (
    select
        topico,
        particao,
        primeiro_offset,
        max(ultimo_offset) over (
            partition by topico, particao
            order by primeiro_offset, ultimo_offset
            rows between unbounded preceding and 1 preceding
        ) as offset_anterior
    from explicadas
),

faltas as (
    select
        topico,
        particao,
        de_offset,
        ate_offset,
        'apagada' as motivo
    from apagadas
    union all
    select
        topico,
        particao,
        offset_anterior + 1 as de_offset,
        primeiro_offset - 1 as ate_offset,
        'arquivo_ausente' as motivo
    from vizinhas
    where primeiro_offset > offset_anterior + 1
),

-- The last message before, and those of the file behind.
eventos as (
    select
        faltas.topico,
        faltas.particao,
        faltas.de_offset,
        faltas.ate_offset,
        faltas.motivo,
        max_by(posicoes.ultimo_evento, posicoes.ultimo_offset) filter (
            where posicoes.ultimo_offset < faltas.de_offset and posicoes.ultimo_evento is not null
        ) as evento_antes,
        min_by(posicoes.primeiro_evento, posicoes.primeiro_offset) filter (
            where posicoes.primeiro_offset > faltas.ate_offset and posicoes.primeiro_evento is not null
        ) as primeiro_evento_depois,
        min_by(coalesce(posicoes.ultimo_evento, posicoes.primeiro_evento), posicoes.primeiro_offset) filter (
            where posicoes.primeiro_offset > faltas.ate_offset and posicoes.primeiro_evento is not null
        ) as ultimo_evento_depois
    from faltas
    left join posicoes on faltas.topico = posicoes.topico and faltas.particao = posicoes.particao
    group by faltas.topico, faltas.particao, faltas.de_offset, faltas.ate_offset, faltas.motivo
),

-- A late message may stand right behind.
lacunas_situadas as (
    select
        topico,
        particao,
        de_offset,
        ate_offset,
        motivo,
        {{ billing_day(
            'case when primeiro_evento_depois < evento_antes then primeiro_evento_depois else evento_antes end'
        ) }} as primeiro_dia,
        {{ billing_day(
            'case when ultimo_evento_depois < evento_antes then evento_antes else ultimo_evento_depois end'
        ) }} as ultimo_dia
    from eventos
)

select * from lacunas_situadas
