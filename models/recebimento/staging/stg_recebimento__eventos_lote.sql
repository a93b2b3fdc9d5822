-- Ephemeral, because an Athena view holds timestamps only to the millisecond and microseconds decide the order.
{{ config(materialized='ephemeral') }}

with eventos as (
    select * from {{ ref('base_recebimento__eventos_lote') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_recebimento__eventos_lote_repeated') }}
),

accepted_events as (
    select
        eventos.id_lote,
        eventos.sequencia,
        eventos.evento,
        eventos.ocorrido_em,
        eventos.dados,
        eventos.file_id,
        eventos.line_number
    from eventos
    left join repeated
        on eventos.file_id = repeated.file_id and eventos.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from accepted_events
