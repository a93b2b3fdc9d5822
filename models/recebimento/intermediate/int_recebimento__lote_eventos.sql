{{ config(materialized='table') }}

-- The status after an event is the fold of the batch's events up to it. sqlfluff cannot parse DuckDB's lambda of two
-- parameters, so it skips that line.
with eventos as (
    select * from {{ ref('stg_recebimento__eventos_lote') }}
),

estados as (
    select * from {{ ref('estados_lote') }}
),

mapa as (
    select {{ map_of("status_atual || '>' || evento", 'status') }} as transicoes
    from estados
),

ordered_events as (
    select
        *,
        row_number() over (partition by id_lote order by sequencia, ocorrido_em, evento) as ordem
    from eventos
),

events_so_far as (
    select
        *,
        array_agg(evento) over (
            partition by id_lote
            order by ordem
            rows between unbounded preceding and current row
        ) as eventos_ate_aqui
    from ordered_events
),

folded_events as (
    select
        events_so_far.*,
        {{ folded_state('eventos_ate_aqui', 'transicoes', first='inicio') }} as status -- noqa: PRS
    from events_so_far
    cross join mapa
),

lote_eventos as (
    select
        id_lote,
        ordem,
        sequencia,
        evento,
        ocorrido_em,
        dados,
        coalesce(lag(status) over (partition by id_lote order by ordem), 'inicio') as status_anterior,
        status
    from folded_events
)

select * from lote_eventos
