-- Which registered debts prescribe within 90 days of the last batch? The last day of collection comes first.
with last_day as (
    select max(recebida_em) as recebida_em
    from {{ ref('resultado_lotes') }}
)

select
    dividas.id_cliente_credor,
    dividas.id_divida,
    dividas.valor_divida,
    dividas.data_vencimento,
    {{ add_months('dividas.data_vencimento', 60) }} as ultimo_dia
from {{ ref('fct_dividas') }} as dividas
cross join last_day
where
    {{ add_months('dividas.data_vencimento', 60) }} >= last_day.recebida_em
    and {{ add_months('dividas.data_vencimento', 60) }} < {{ add_days('last_day.recebida_em', 90) }}
order by ultimo_dia asc, dividas.valor_divida desc, dividas.id_cliente_credor asc, dividas.id_divida asc
