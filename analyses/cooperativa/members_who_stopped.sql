-- Which members used their cards in the previous month but not in the latest one? Biggest spenders first.
with latest_month as (
    select max(calendario.primeiro_dia_do_mes) as primeiro_dia_do_mes
    from {{ ref('fct_movimentacao_cartao') }} as movimentacao
    inner join {{ ref('dim_data') }} as calendario on movimentacao.sk_data = calendario.sk_data
),

member_months as (
    select
        associado.id_associado,
        calendario.primeiro_dia_do_mes,
        sum(movimentacao.valor_movimentacao) as valor
    from {{ ref('fct_movimentacao_cartao') }} as movimentacao
    inner join {{ ref('dim_data') }} as calendario on movimentacao.sk_data = calendario.sk_data
    inner join {{ ref('dim_associado') }} as associado on movimentacao.sk_associado = associado.sk_associado
    where associado.sk_associado <> -1
    group by associado.id_associado, calendario.primeiro_dia_do_mes
)

select
    active.id_associado,
    active.valor as valor_no_mes_anterior
from member_months as active
inner join latest_month on active.primeiro_dia_do_mes = {{ add_months('latest_month.primeiro_dia_do_mes', -1) }}
left join member_months as still_active
    on
        active.id_associado = still_active.id_associado
        and latest_month.primeiro_dia_do_mes = still_active.primeiro_dia_do_mes
where still_active.id_associado is null
order by active.valor desc, active.id_associado asc
