{{ config(materialized='table') }}

-- A message stands on the bill of its own day if that is open, or was closed with it. Otherwise it came late, and
-- stands on that of the first day from its arrival on that is open, or was closed later and with it.
with dias_por_arquivo as (
    select * from {{ ref('int_mensageria__dias_por_arquivo') }}
),

partes as (
    select * from {{ ref('int_mensageria__partes') }}
),

dias_fechados as (
    select * from {{ ref('int_mensageria__dias_fechados') }}
),

fechamento_particoes as (
    select * from {{ ref('int_mensageria__fechamento_particoes') }}
),

atrasadas as (
    select
        partes.file_id,
        partes.topico,
        partes.particao,
        partes.ate_offset,
        dias_por_arquivo.event_date,
        dias_fechados.fechado_em,
        greatest(partes.chegada, dias_por_arquivo.event_date) as desde
    from dias_por_arquivo
    inner join dias_fechados on dias_por_arquivo.event_date = dias_fechados.data
    inner join partes on dias_por_arquivo.file_id = partes.file_id
    left join fechamento_particoes
        on
            dias_por_arquivo.event_date = fechamento_particoes.data
            and partes.topico = fechamento_particoes.topico
            and partes.particao = fechamento_particoes.particao
            and partes.ate_offset <= fechamento_particoes.ate_offset
    where fechamento_particoes.data is null
),

lancadas as (
    select
        atrasadas.file_id,
        atrasadas.event_date,
        atrasadas.ate_offset,
        atrasadas.desde,
        least(
            coalesce(min(fechamento_particoes.data), date '9999-12-31'),
            min(coalesce(dias_fechados.proximo_dia_aberto, atrasadas.desde))
        ) as lancado_em
    from atrasadas
    left join dias_fechados on atrasadas.desde = dias_fechados.data
    left join fechamento_particoes
        on
            atrasadas.topico = fechamento_particoes.topico
            and atrasadas.particao = fechamento_particoes.particao
            and atrasadas.desde <= fechamento_particoes.data
            and atrasadas.fechado_em < fechamento_particoes.fechado_em
            and atrasadas.ate_offset <= fechamento_particoes.ate_offset
    group by atrasadas.file_id, atrasadas.event_date, atrasadas.ate_offset, atrasadas.desde
),

-- The bills on which a message may have stood before the latest closing count it no more.
destinos as (
    select
        file_id,
        event_date,
        ate_offset,
        lancado_em,
        1 as vezes
    from lancadas
    union all
    select
        lancadas.file_id,
        lancadas.event_date,
        lancadas.ate_offset,
        dias_fechados.data as lancado_em,
        0 as vezes
    from lancadas
    inner join dias_fechados
        on
            lancadas.lancado_em > dias_fechados.data
            and (lancadas.event_date = dias_fechados.data or lancadas.desde <= dias_fechados.data)
)

select * from destinos
