{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_mensageria__arquivos',
    units_where="table_name in ('notifications', 'fechamentos')",
    units_at_once=100000,
    key=['customer_id', 'event_date', 'lancado_em']
) }}

-- depends_on: {{ ref('int_mensageria__arquivos') }}
-- A message belongs to its own day if the day is open, or was closed with it. Otherwise it came late, and belongs to
-- the first day from its arrival on that is open, or was closed later and with it.
with fechamento_particoes as (
    select * from {{ ref('int_mensageria__fechamento_particoes') }}
),

dias_fechados as (
    select * from {{ ref('int_mensageria__dias_fechados') }}
),

posicoes as (
    select * from {{ ref('int_mensageria__posicoes') }}
),

-- A new file touches the days of its messages. A new closing touches its own day, and the days of messages that no
-- earlier closing counts.
fechamentos_novos as (
    select data from dias_fechados
    where true {{ and_unit_is_missing('file_id') }}
),

fechados_antes as (
    select
        fechamento_particoes.topico,
        fechamento_particoes.particao,
        max(fechamento_particoes.ate_offset) as ate_offset
    from fechamento_particoes
    left join fechamentos_novos on fechamento_particoes.data = fechamentos_novos.data
    where fechamentos_novos.data is null
    group by fechamento_particoes.topico, fechamento_particoes.particao
),

arquivos_abertos as (
    select posicoes.file_id
    from posicoes
    left join fechados_antes
        on posicoes.topico = fechados_antes.topico and posicoes.particao = fechados_antes.particao
    where
        posicoes.ultimo_offset > coalesce(fechados_antes.ate_offset, -1)
        and exists (select 1 from fechamentos_novos)
),

touched_keys as (
    select event_date from {{ ref('int_mensageria__notificacoes_por_arquivo') }}
    where true {{ and_unit_is_missing('file_id') }}
    union
    select por_arquivo.event_date
    from {{ ref('int_mensageria__notificacoes_por_arquivo') }} as por_arquivo
    inner join arquivos_abertos on por_arquivo.file_id = arquivos_abertos.file_id
    union
    select data from fechamentos_novos
),

contagens as (
    select * from {{ ref('int_mensageria__contagens') }}
    where {{ is_touched('event_date') }}
),

copias as (
    select * from {{ ref('int_mensageria__copias') }}
    where {{ is_touched('event_date') }}
),

lugares as (
    select
        event_date,
        topico,
        particao,
        ate_offset,
        chegada
    from contagens
    union
    select
        event_date,
        topico,
        particao,
        kafka_offset as ate_offset,
        chegada
    from copias
),

-- Not counted by the closing of its day, so it came late.
atrasados as (
    select
        lugares.*,
        dias_fechados.fechado_em,
        greatest(lugares.chegada, lugares.event_date) as desde
    from lugares
    inner join dias_fechados on lugares.event_date = dias_fechados.data
    left join fechamento_particoes
        on
            lugares.event_date = fechamento_particoes.data
            and lugares.topico = fechamento_particoes.topico
            and lugares.particao = fechamento_particoes.particao
            and lugares.ate_offset <= fechamento_particoes.ate_offset
    where fechamento_particoes.data is null
),

atrasados_lancados as (
    select
        atrasados.event_date,
        atrasados.topico,
        atrasados.particao,
        atrasados.ate_offset,
        atrasados.chegada,
        atrasados.desde,
        least(
            coalesce(min(fechamento_particoes.data), date '9999-12-31'),
            min(coalesce(dias_fechados.proximo_dia_aberto, atrasados.desde))
        ) as lancado_em
    from atrasados
    left join dias_fechados on atrasados.desde = dias_fechados.data
    left join fechamento_particoes
        on
            atrasados.topico = fechamento_particoes.topico
            and atrasados.particao = fechamento_particoes.particao
            and atrasados.desde <= fechamento_particoes.data
            and atrasados.fechado_em < fechamento_particoes.fechado_em
            and atrasados.ate_offset <= fechamento_particoes.ate_offset
    group by
        atrasados.event_date,
        atrasados.topico,
        atrasados.particao,
        atrasados.ate_offset,
        atrasados.chegada,
        atrasados.desde
),

copias_lancadas as (
    select
        copias.customer_id,
        copias.event_date,
        copias.kept_file_id,
        copias.kept_line_number,
        min(coalesce(atrasados_lancados.lancado_em, copias.event_date)) as lancado_em,
        min(case when copias.is_kept then coalesce(atrasados_lancados.lancado_em, copias.event_date) end)
            as mantida_lancada_em
    from copias
    left join atrasados_lancados
        on
            copias.event_date = atrasados_lancados.event_date
            and copias.topico = atrasados_lancados.topico
            and copias.particao = atrasados_lancados.particao
            and copias.kafka_offset = atrasados_lancados.ate_offset
            and copias.chegada = atrasados_lancados.chegada
    group by copias.customer_id, copias.event_date, copias.kept_file_id, copias.kept_line_number
),

-- A merge never deletes: what a day no longer has becomes a line of none.
linhas as (
    select
        contagens.customer_id,
        contagens.event_date,
        coalesce(atrasados_lancados.lancado_em, contagens.event_date) as lancado_em,
        contagens.notificacoes,
        contagens.customer_name,
        contagens.ultimo_evento
    from contagens
    left join atrasados_lancados
        on
            contagens.event_date = atrasados_lancados.event_date
            and contagens.topico = atrasados_lancados.topico
            and contagens.particao = atrasados_lancados.particao
            and contagens.ate_offset = atrasados_lancados.ate_offset
            and contagens.chegada = atrasados_lancados.chegada
    union all
    select
        contagens.customer_id,
        contagens.event_date,
        contagens.event_date as lancado_em,
        0 as notificacoes,
        null as customer_name,
        null as ultimo_evento
    from contagens
    union all
    select
        contagens.customer_id,
        contagens.event_date,
        dias_fechados.data as lancado_em,
        0 as notificacoes,
        null as customer_name,
        null as ultimo_evento
    from contagens
    inner join atrasados_lancados
        on
            contagens.event_date = atrasados_lancados.event_date
            and contagens.topico = atrasados_lancados.topico
            and contagens.particao = atrasados_lancados.particao
            and contagens.ate_offset = atrasados_lancados.ate_offset
            and contagens.chegada = atrasados_lancados.chegada
    inner join dias_fechados
        on atrasados_lancados.desde <= dias_fechados.data and atrasados_lancados.lancado_em > dias_fechados.data
    union all
    select
        customer_id,
        event_date,
        lancado_em,
        1 as notificacoes,
        null as customer_name,
        null as ultimo_evento
    from copias_lancadas
    where lancado_em < mantida_lancada_em
    union all
    select
        customer_id,
        event_date,
        mantida_lancada_em as lancado_em,
        -1 as notificacoes,
        null as customer_name,
        null as ultimo_evento
    from copias_lancadas
    where lancado_em < mantida_lancada_em
),

lancamentos as (
    select
        customer_id,
        event_date,
        lancado_em,
        cast(sum(notificacoes) as bigint) as notificacoes,
        max_by(customer_name, row(ultimo_evento, customer_name)) filter (where customer_name is not null)
            as customer_name
    from linhas
    group by customer_id, event_date, lancado_em
)

select * from lancamentos
