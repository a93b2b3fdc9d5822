-- How did the amounts of debts change between versions, per client? An amount that fell and a version that changed
-- something else are told apart, because only the first is a discount or a payment.
with versions as (
    select
        id_cliente_credor,
        id_divida,
        versao,
        valor_divida,
        lag(valor_divida) over (partition by id_cliente_credor, id_divida order by versao) as valor_anterior
    from {{ ref('historico_dividas') }}
)

select
    id_cliente_credor,
    count(*) as total_mudancas,
    count(case when valor_divida > valor_anterior then 1 end) as aumentos,
    sum(case when valor_divida > valor_anterior then valor_divida - valor_anterior else 0 end) as valor_aumentos,
    count(case when valor_divida < valor_anterior then 1 end) as reducoes,
    sum(case when valor_divida < valor_anterior then valor_anterior - valor_divida else 0 end) as valor_reducoes,
    count(case when valor_divida = valor_anterior then 1 end) as outras_mudancas
from versions
where valor_anterior is not null
group by id_cliente_credor
order by total_mudancas desc, id_cliente_credor asc
