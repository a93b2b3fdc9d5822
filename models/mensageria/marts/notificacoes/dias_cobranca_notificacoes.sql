with linhas as (
    select * from {{ ref('int_mensageria__linhas_cobranca') }}
),

dias_fechados as (
    select * from {{ ref('int_mensageria__dias_fechados') }}
),

conhecido as (
    select * from {{ ref('int_mensageria__conhecido') }}
),

-- A day without messages of its own has a bill too, if late ones stand on it.
contas as (
    select
        event_date as data,
        lancado_em,
        notificacoes,
        valor
    from linhas
    union all
    select distinct
        lancado_em as data,
        lancado_em,
        0 as notificacoes,
        0 as valor
    from linhas
),

totais as (
    select
        data,
        sum(case when lancado_em = data then notificacoes else 0 end) as notificacoes,
        sum(case when lancado_em = data then valor else 0 end) as valor,
        sum(case when lancado_em = data then 0 else notificacoes end) as notificacoes_ajustadas,
        sum(case when lancado_em = data then 0 else valor end) as valor_ajustado
    from contas
    group by data
),

dias as (
    select
        coalesce(totais.data, dias_fechados.data) as data,
        case
            when totais.notificacoes_ajustadas > 0 then 'ajustada'
            when dias_fechados.data is not null then 'fechada'
            when {{ billing_day('conhecido.conhecido_ate') }} > totais.data then 'em_carencia'
            else 'aberta'
        end as estado,
        cast(coalesce(totais.notificacoes, 0) as bigint) as notificacoes,
        cast(coalesce(totais.valor, 0) as decimal(18, 2)) as valor,
        cast(coalesce(totais.notificacoes_ajustadas, 0) as bigint) as notificacoes_ajustadas,
        cast(coalesce(totais.valor_ajustado, 0) as decimal(18, 2)) as valor_ajustado,
        dias_fechados.id_fechamento as fechamento_id,
        cast(dias_fechados.fechado_em as {{ timestamp_type() }}) as fechado_em
    from totais
    full outer join dias_fechados on totais.data = dias_fechados.data
    left join conhecido on true
)

select * from dias
