with clientes as (
    select * from {{ ref('dim_cliente_mensageria') }}
    where is_current
),

conhecido as (
    select * from {{ ref('int_mensageria__conhecido') }}
),

hoje as (
    select
        minutos.customer_id,
        sum(minutos.notificacoes) as notificacoes
    from {{ ref('notificacoes_por_minuto') }} as minutos
    inner join conhecido on minutos.data = conhecido.dia and minutos.minuto < conhecido.conhecido_ate
    group by minutos.customer_id
),

dias_antes as (
    select
        lancamentos.customer_id,
        sum(lancamentos.notificacoes) as notificacoes
    from {{ ref('int_mensageria__lancamentos') }} as lancamentos
    inner join conhecido
        on
            lancamentos.event_date >= {{ first_of_month('conhecido.dia') }}
            and lancamentos.event_date < conhecido.dia
    group by lancamentos.customer_id
),

customers as (
    select distinct customer_id from {{ ref('int_mensageria__lancamentos') }}
),

painel as (
    select
        customers.customer_id,
        clientes.customer_name,
        cast(coalesce(hoje.notificacoes, 0) as bigint) as notificacoes_dia,
        cast(coalesce(hoje.notificacoes, 0) + coalesce(dias_antes.notificacoes, 0) as bigint) as notificacoes_mes,
        cast(conhecido.conhecido_ate as {{ timestamp_type() }}) as ultima_atualizacao
    from customers
    cross join conhecido
    left join clientes on customers.customer_id = clientes.customer_id
    left join hoje on customers.customer_id = hoje.customer_id
    left join dias_antes on customers.customer_id = dias_antes.customer_id
)

select * from painel
