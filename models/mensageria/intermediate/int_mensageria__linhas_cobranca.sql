-- A tier begins at a message of the month: those of the days before, then those of the day in the order in which they
-- were billed.
with lancamentos as (
    select
        *,
        lancado_em = event_date as e_regular,
        {{ first_of_month('event_date') }} as mes
    from {{ ref('int_mensageria__lancamentos') }}
    where notificacoes <> 0 or lancado_em = event_date
),

precos as (
    select * from {{ ref('int_mensageria__precos') }}
),

linhas as (
    select
        *,
        coalesce(sum(case when e_regular then notificacoes else 0 end) over (
            partition by customer_id, mes
            order by event_date, lancado_em
            rows between unbounded preceding and 1 preceding
        ), 0) + coalesce(sum(case when e_regular then 0 else notificacoes end) over (
            partition by customer_id, event_date
            order by lancado_em
            rows between unbounded preceding and 1 preceding
        ), 0) as mensagens_antes
    from lancamentos
),

-- A customer's own prices take the place of those for everyone.
precos_validos as (
    select
        linhas.customer_id,
        linhas.event_date,
        linhas.lancado_em,
        precos.a_partir_de,
        precos.preco,
        max(precos.customer_id) over (partition by linhas.customer_id, linhas.event_date, linhas.lancado_em)
            as com_preco_proprio,
        precos.customer_id as preco_de
    from linhas
    inner join precos
        on
            coalesce(precos.customer_id, linhas.customer_id) = linhas.customer_id
            and linhas.event_date >= precos.valid_from
            and linhas.event_date < precos.valid_to
),

faixas as (
    select
        customer_id,
        event_date,
        lancado_em,
        a_partir_de,
        preco,
        lead(a_partir_de) over (partition by customer_id, event_date, lancado_em order by a_partir_de) as proxima_faixa
    from precos_validos
    where com_preco_proprio is null or preco_de is not null
),

valores as (
    select
        linhas.customer_id,
        linhas.event_date,
        linhas.lancado_em,
        cast(sum(
            preco * greatest(
                0,
                least(mensagens_antes + notificacoes, coalesce(proxima_faixa - 1, mensagens_antes + notificacoes))
                - greatest(mensagens_antes, a_partir_de - 1)
            )
        ) as decimal(18, 2)) as valor
    from linhas
    inner join faixas
        on
            linhas.customer_id = faixas.customer_id
            and linhas.event_date = faixas.event_date
            and linhas.lancado_em = faixas.lancado_em
    group by linhas.customer_id, linhas.event_date, linhas.lancado_em
),

linhas_com_valor as (
    select
        linhas.customer_id,
        linhas.customer_name,
        linhas.event_date,
        linhas.lancado_em,
        linhas.notificacoes,
        valores.valor
    from linhas
    left join valores
        on
            linhas.customer_id = valores.customer_id
            and linhas.event_date = valores.event_date
            and linhas.lancado_em = valores.lancado_em
    where linhas.notificacoes <> 0
)

select * from linhas_com_valor
