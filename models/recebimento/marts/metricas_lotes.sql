with mudancas as (
    select * from {{ ref('lote_eventos') }}
    where status <> status_anterior
),

lotes as (
    select * from {{ ref('lotes') }}
),

mudancas_por_hora as (
    select
        id_lote,
        status as etapa,
        date_trunc('hour', ocorrido_em) as hora,
        ocorrido_em
    from mudancas
),

-- A batch that comes back to a step within the hour counts once, by its first time.
chegadas as (
    select
        id_lote,
        etapa,
        hora,
        min(ocorrido_em) as chegou_em
    from mudancas_por_hora
    group by id_lote, etapa, hora
),

chegadas_medidas as (
    select
        lotes.id_lote,
        lotes.id_cliente,
        chegadas.etapa,
        chegadas.hora,
        lotes.linhas_recebidas,
        lotes.linhas_com_falha,
        lotes.status in ('recusado', 'falhou') as is_failed,
        {{ divide(
            "date_diff('millisecond', " ~ view_timestamp('lotes.recebido_em') ~ ", "
            ~ view_timestamp('chegadas.chegou_em') ~ ")",
            '1000',
            scale=3
        ) }} as segundos
    from chegadas
    inner join lotes on chegadas.id_lote = lotes.id_lote
),

ranked_arrivals as (
    select
        *,
        row_number() over (
            partition by id_cliente, etapa, hora
            order by segundos nulls last, id_lote
        ) as posicao,
        count(segundos) over (partition by id_cliente, etapa, hora) as total_medido
    from chegadas_medidas
),

-- A percentile is the smallest value that at least so many percent of the batches do not exceed (nearest rank).
metricas as (
    select
        id_cliente,
        etapa,
        hora,
        count(*) as lotes,
        cast(coalesce(sum(linhas_recebidas), 0) as bigint) as linhas,
        cast(sum(case when is_failed then 1 else 0 end) as bigint) as falhas,
        cast(coalesce(sum(linhas_com_falha), 0) as bigint) as rejeicoes,
        cast(sum(segundos) as decimal(18, 3)) as segundos,
        min(case when posicao * 100 >= total_medido * 50 then segundos end) as segundos_p50,
        min(case when posicao * 100 >= total_medido * 99 then segundos end) as segundos_p99
    from ranked_arrivals
    group by id_cliente, etapa, hora
)

select * from metricas
