-- Which debtors owe several clients, and how much? One conversation with them settles all. Prescribed debts do not
-- count, because nobody may collect them.
select
    documento_devedor,
    tipo_documento,
    count(distinct id_cliente_credor) as total_credores,
    count(*) as total_dividas,
    sum(valor_divida) as valor_total,
    min(data_vencimento) as vencimento_mais_antigo
from {{ ref('fct_dividas') }}
where situacao = 'registrada'
group by documento_devedor, tipo_documento
having count(distinct id_cliente_credor) > 1
order by valor_total desc, documento_devedor asc
