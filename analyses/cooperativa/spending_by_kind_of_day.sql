-- Are cards used more on business days, weekends or holidays? Covers the first to the last day with movements.
with bounds as (
    select
        min(sk_data) as first_day,
        max(sk_data) as last_day
    from {{ ref('fct_movimentacao_cartao') }}
),

days as (
    select
        calendario.sk_data,
        case
            when calendario.feriado_nacional is not null or calendario.feriado_bancario is not null then 'feriado'
            when calendario.dia_util then 'dia útil'
            else 'fim de semana'
        end as tipo_de_dia
    from {{ ref('dim_data') }} as calendario
    inner join bounds on calendario.sk_data between bounds.first_day and bounds.last_day
),

movements_by_day as (
    select
        sk_data,
        sum(quantidade_movimentacoes) as movimentacoes,
        sum(valor_movimentacao) as valor
    from {{ ref('fct_movimentacao_cartao') }}
    group by sk_data
),

kinds as (
    select
        days.tipo_de_dia,
        count(*) as dias,
        coalesce(sum(movements_by_day.movimentacoes), 0) as movimentacoes,
        coalesce(sum(movements_by_day.valor), 0) as valor
    from days
    left join movements_by_day on days.sk_data = movements_by_day.sk_data
    group by days.tipo_de_dia
)

select
    tipo_de_dia,
    dias,
    movimentacoes,
    valor,
    {{ divide('valor', 'dias') }} as valor_por_dia
from kinds
order by tipo_de_dia asc
