-- A movement joins exactly one version of each dimension, or the unknown one, and at its time no other.
with movimentacoes as (
    select * from {{ ref('fct_movimentacao_cartao') }}
),

candidatas as (
    {%- for dimension, natural_key in [('cartao', 'movimentacoes.id_cartao'), ('conta', 'cartao.id_conta')] %}
    select
        movimentacoes.id_movimentacao,
        movimentacoes.sk_{{ dimension }} as sk,
        count({{ dimension }}_valida.sk_{{ dimension }}) as versions,
        max({{ dimension }}_valida.sk_{{ dimension }}) as valid_sk
    from movimentacoes
    left join {{ ref('dim_cartao') }} as cartao on movimentacoes.sk_cartao = cartao.sk_cartao
    left join {{ ref('dim_' ~ dimension) }} as {{ dimension }}_valida
        on
            {{ version_at(
                natural_key, dimension ~ '_valida', 'id_' ~ dimension, 'movimentacoes.data_movimentacao'
            ) }}
    group by movimentacoes.id_movimentacao, movimentacoes.sk_{{ dimension }}
    union all
    {%- endfor %}
    select
        movimentacoes.id_movimentacao,
        movimentacoes.sk_associado as sk,
        count(associado.sk_associado) as versions,
        max(associado.sk_associado) as valid_sk
    from movimentacoes
    left join {{ ref('dim_conta') }} as conta on movimentacoes.sk_conta = conta.sk_conta
    left join {{ ref('dim_associado') }} as associado
        on {{ version_at('conta.id_associado', 'associado', 'id_associado', 'movimentacoes.data_movimentacao') }}
    group by movimentacoes.id_movimentacao, movimentacoes.sk_associado
)

select *
from candidatas
where versions > 1 or coalesce(valid_sk, -1) <> sk
