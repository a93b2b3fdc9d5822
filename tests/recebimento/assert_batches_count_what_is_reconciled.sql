-- Invariant: a batch whose last accepted file is the one that reconciliacao counted has that file's rows and R$, and no
-- other batch says that it is current.
with lotes as (
    select * from {{ ref('lotes') }}
),

eventos as (
    select * from {{ ref('stg_recebimento__eventos_lote') }}
    where evento = 'aceito'
),

arquivos as (
    select * from {{ ref('reconciliacao') }}
),

ranked_events as (
    select
        id_lote,
        {{ map_value(map_from_json('dados'), 'destino') }} as destino,
        {{ map_value(map_from_json('dados'), 'raw_sha256') }} as raw_sha256,
        row_number() over (
            partition by id_lote
            order by sequencia desc, ocorrido_em desc
        ) as posicao
    from eventos
),

publicados as (
    select
        ranked_events.id_lote,
        arquivos.*
    from ranked_events
    inner join arquivos
        on ranked_events.destino = arquivos.source_file and ranked_events.raw_sha256 = arquivos.content_hash
    where ranked_events.posicao = 1
)

select
    lotes.id_lote,
    lotes.is_current,
    lotes.linhas_recebidas,
    publicados.raw_rows,
    lotes.linhas_com_falha,
    publicados.rejected_rows,
    publicados.refused_rows
from lotes
left join publicados on lotes.id_lote = publicados.id_lote
where
    lotes.is_current <> (publicados.id_lote is not null)
    or (
        publicados.id_lote is not null
        and (
            lotes.linhas_recebidas is distinct from publicados.raw_rows
            or lotes.linhas_com_falha is distinct from publicados.rejected_rows + publicados.refused_rows
            or lotes.linhas_recebidas <> lotes.linhas_processadas + lotes.linhas_com_falha
            or lotes.valor_recebido is distinct from publicados.raw_amount
            or lotes.valor_processado is distinct from
            publicados.raw_amount - publicados.rejected_amount - publicados.refused_amount
        )
    )
