{{ config(materialized='table') }}

-- A message stands on the bill of its own day if that is open, or was closed with it. Otherwise it came late. Then the
-- first open day from its arrival on is next; if that is closed without it, the first that is still open, and so on.
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
        partes.de_offset,
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
            and partes.de_offset >= fechamento_particoes.de_offset
            and partes.ate_offset <= fechamento_particoes.ate_offset
    where fechamento_particoes.data is null
),

inicios as (
    select distinct desde from atrasadas
),

-- From a day on, each closed day that was next when it was closed: all before it were closed before.
proximos as (
    select
        inicios.desde,
        contas.data,
        contas.fechado_em
    from inicios
    inner join dias_fechados on inicios.desde = dias_fechados.data
    inner join dias_fechados as contas
        on inicios.desde <= contas.data and dias_fechados.proximo_dia_aberto > contas.data
    left join dias_fechados as anteriores
        on
            inicios.desde <= anteriores.data
            and contas.data > anteriores.data
            and contas.fechado_em <= anteriores.fechado_em
    where anteriores.data is null
),

contas as (
    select
        atrasadas.file_id,
        atrasadas.event_date,
        atrasadas.ate_offset,
        min(proximos.data) as data
    from atrasadas
    inner join proximos
        on atrasadas.desde = proximos.desde and atrasadas.fechado_em < proximos.fechado_em
    inner join fechamento_particoes
        on
            proximos.data = fechamento_particoes.data
            and atrasadas.topico = fechamento_particoes.topico
            and atrasadas.particao = fechamento_particoes.particao
            and atrasadas.de_offset >= fechamento_particoes.de_offset
            and atrasadas.ate_offset <= fechamento_particoes.ate_offset
    group by atrasadas.file_id, atrasadas.event_date, atrasadas.ate_offset
),

destinos as (
    select
        atrasadas.file_id,
        atrasadas.event_date,
        atrasadas.ate_offset,
        coalesce(contas.data, dias_fechados.proximo_dia_aberto, atrasadas.desde) as lancado_em
    from atrasadas
    left join contas
        on
            atrasadas.file_id = contas.file_id
            and atrasadas.event_date = contas.event_date
            and atrasadas.ate_offset = contas.ate_offset
    left join dias_fechados on atrasadas.desde = dias_fechados.data
)

select * from destinos
