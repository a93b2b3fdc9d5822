-- A tier begins at a message of the month. Days count in the order in which they were closed, then those that are open:
-- whatever comes later changes no closed day.
with lancamentos as (
    select * from {{ ref('int_mensageria__lancamentos') }}
),

dias_fechados as (
    select * from {{ ref('int_mensageria__dias_fechados') }}
),

precos as (
    select * from {{ ref('int_mensageria__precos') }}
),

lancamentos_em_ordem as (
    select
        lancamentos.*,
        lancamentos.lancado_em = lancamentos.event_date as e_regular,
        {{ first_of_month('lancamentos.event_date') }} as mes,
        coalesce(dias.fechado_em, timestamp '9999-12-31 00:00:00') as dia_fechado_em,
        coalesce(contas.fechado_em, timestamp '9999-12-31 00:00:00') as conta_fechada_em
    from lancamentos
    left join dias_fechados as dias on lancamentos.event_date = dias.data
    left join dias_fechados as contas on lancamentos.lancado_em = contas.data
),

linhas as (
    select
        *,
        coalesce(sum(case when e_regular then notificacoes else 0 end) over (
            partition by customer_id, mes
            order by dia_fechado_em, event_date, conta_fechada_em, lancado_em
            rows between unbounded preceding and 1 preceding
        ), 0) + coalesce(sum(case when e_regular then 0 else notificacoes end) over (
            partition by customer_id, event_date
            order by conta_fechada_em, lancado_em
            rows between unbounded preceding and 1 preceding
        ), 0) as mensagens_antes
    from lancamentos_em_ordem
),

-- Prices of the closing take the place of the table's, a customer's own that of those for everyone.
precos_validos as (
    select
        linhas.customer_id,
        linhas.event_date,
        linhas.lancado_em,
        precos.a_partir_de,
        precos.preco,
        rank() over (
            partition by linhas.customer_id, linhas.event_date, linhas.lancado_em
            order by precos.e_do_fechamento desc, case when precos.customer_id is null then 1 else 0 end
        ) as prioridade
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
    where prioridade = 1
),

valores as (
    select
        linhas.customer_id,
        linhas.event_date,
        linhas.lancado_em,
        cast(sum(
            faixas.preco * greatest(
                0,
                least(
                    linhas.mensagens_antes + linhas.notificacoes,
                    coalesce(faixas.proxima_faixa - 1, linhas.mensagens_antes + linhas.notificacoes)
                )
                - greatest(linhas.mensagens_antes, faixas.a_partir_de - 1)
            )
        ) as decimal(18, 2)) as valor
    from linhas
    inner join faixas
        on
            linhas.customer_id = faixas.customer_id
            and linhas.event_date = faixas.event_date
            and linhas.lancado_em = faixas.lancado_em
    group by linhas.customer_id, linhas.event_date, linhas.lancado_em
    -- Without a price for the first message of a month there is none.
    having min(faixas.a_partir_de) = 1
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
)

select * from linhas_com_valor
