-- Invariant: every batch that has an event is one row of lotes, with a status of the seed and as many events as came.
with eventos as (
    select
        id_lote,
        count(*) as total_eventos
    from {{ ref('stg_recebimento__eventos_lote') }}
    group by id_lote
),

publicados as (
    select
        id_lote,
        count(*) as total_eventos
    from {{ ref('lote_eventos') }}
    group by id_lote
),

lotes as (
    select
        id_lote,
        count(*) as total_lotes,
        min(status) as status
    from {{ ref('lotes') }}
    group by id_lote
),

status_conhecidos as (
    select status from {{ ref('estados_lote') }}
    union
    select 'inicio' as status
)

select
    coalesce(eventos.id_lote, lotes.id_lote) as id_lote,
    lotes.total_lotes,
    lotes.status,
    eventos.total_eventos,
    publicados.total_eventos as eventos_publicados
from eventos
full outer join lotes on eventos.id_lote = lotes.id_lote
left join publicados on eventos.id_lote = publicados.id_lote
left join status_conhecidos on lotes.status = status_conhecidos.status
where
    eventos.id_lote is null
    or lotes.id_lote is null
    or lotes.total_lotes <> 1
    or status_conhecidos.status is null
    or publicados.total_eventos is distinct from eventos.total_eventos
