-- Who spends how much, by age and schooling on the day of the movement?
with movements as (
    select
        associado.id_associado,
        associado.escolaridade,
        movimentacao.idade_na_movimentacao - movimentacao.idade_na_movimentacao % 10 as idade_desde,
        movimentacao.valor_movimentacao
    from {{ ref('fct_movimentacao_cartao') }} as movimentacao
    inner join {{ ref('dim_associado') }} as associado on movimentacao.sk_associado = associado.sk_associado
    where associado.sk_associado <> -1
),

groups as (
    select
        escolaridade,
        idade_desde,
        count(distinct id_associado) as associados,
        count(*) as movimentacoes,
        sum(valor_movimentacao) as valor
    from movements
    group by escolaridade, idade_desde
)

select
    escolaridade,
    idade_desde,
    associados,
    movimentacoes,
    valor,
    {{ divide('valor', 'movimentacoes') }} as valor_medio
from groups
order by escolaridade asc, idade_desde asc
