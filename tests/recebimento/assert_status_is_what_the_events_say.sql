-- Invariant: the first event of a batch starts from inicio, each next one from where the last one ended, and each leads
-- to what the seed says or changes nothing. The last one, and then the dispositions, give the status of the batch.
-- Computed step by step, without the fold.
with eventos as (
    select * from {{ ref('stg_recebimento__eventos_lote') }}
),

publicados as (
    select * from {{ ref('lote_eventos') }}
),

estados as (
    select * from {{ ref('estados_lote') }}
),

lotes as (
    select * from {{ ref('lotes') }}
),

julgados as (
    select * from {{ ref('int_recebimento__lotes_julgados') }}
),

numbered_events as (
    select
        eventos.id_lote,
        eventos.evento,
        publicados.status_anterior,
        publicados.status,
        row_number() over (
            partition by eventos.id_lote
            order by eventos.sequencia, eventos.ocorrido_em, eventos.evento
        ) as posicao,
        count(*) over (partition by eventos.id_lote) as total_eventos
    from eventos
    inner join publicados
        on
            eventos.id_lote = publicados.id_lote
            and eventos.sequencia = publicados.sequencia
            and eventos.evento = publicados.evento
),

wrong_steps as (
    select
        este.id_lote,
        este.evento,
        este.status_anterior,
        este.status
    from numbered_events as este
    left join numbered_events as anterior
        on este.id_lote = anterior.id_lote and este.posicao = anterior.posicao + 1
    left join estados on este.status_anterior = estados.status_atual and este.evento = estados.evento
    where
        este.status_anterior <> coalesce(anterior.status, 'inicio')
        or este.status <> coalesce(estados.status, este.status_anterior)
),

wrong_batches as (
    select
        lotes.id_lote,
        julgados.fechamento as evento,
        numbered_events.status as status_anterior,
        lotes.status
    from lotes
    inner join numbered_events
        on lotes.id_lote = numbered_events.id_lote and numbered_events.posicao = numbered_events.total_eventos
    left join julgados on lotes.id_lote = julgados.id_lote
    left join estados on numbered_events.status = estados.status_atual and julgados.fechamento = estados.evento
    where lotes.status <> coalesce(estados.status, numbered_events.status)
)

select * from wrong_steps
union all
select * from wrong_batches
