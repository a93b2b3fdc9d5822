-- Invariant: the fact and the flat table hold every accepted movement, in rows and in R$.
with totals as (
    {%- for relation, amount in [
        (ref('stg_cooperativa__movimentacoes'), 'valor_movimentacao'),
        (ref('fct_movimentacao_cartao'), 'valor_movimentacao'),
        (ref('movimento_flat'), 'vlr_transacao_movimento'),
    ] %}
    select
        count(*) as movements,
        sum({{ amount }}) as amount
    from {{ relation }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}
)

select *
from totals
where
    movements <> (select max(all_totals.movements) from totals as all_totals)
    or amount <> (select max(all_totals.amount) from totals as all_totals)
    or movements > 0 and amount is null
