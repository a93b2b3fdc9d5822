-- Invariant: a movement has the card, account and member versions that were valid at its time, and the unknown one only
-- if there was none. Versions do not overlap (tested on the dimensions), so each is the only one.
{{ config(tags=['audit']) }}

with movimentacoes as (
    select
        movimentacao.*,
        cartao.id_conta,
        conta.id_associado
    from {{ ref('fct_movimentacao_cartao') }} as movimentacao
    left join {{ ref('dim_cartao') }} as cartao on movimentacao.sk_cartao = cartao.sk_cartao
    left join {{ ref('dim_conta') }} as conta on movimentacao.sk_conta = conta.sk_conta
)

{%- for dimension in ['cartao', 'conta', 'associado'] %}
{%- set was_valid = version_at(
    'movimentacoes.id_' ~ dimension, 'versao', dimension, 'movimentacoes.data_movimentacao'
) %}

select
    '{{ dimension }}' as dimension,
    movimentacoes.id_movimentacao,
    movimentacoes.sk_{{ dimension }} as sk
from movimentacoes
left join {{ ref('dim_' ~ dimension) }} as versao
    on
        movimentacoes.sk_{{ dimension }} = versao.sk_{{ dimension }}
        and {{ was_valid }}
where movimentacoes.sk_{{ dimension }} <> -1 and versao.sk_{{ dimension }} is null
union all
select
    '{{ dimension }}' as dimension,
    movimentacoes.id_movimentacao,
    versao.sk_{{ dimension }} as sk
from movimentacoes
inner join {{ ref('dim_' ~ dimension) }} as versao
    on {{ was_valid }}
where movimentacoes.sk_{{ dimension }} = -1
{{- ' union all' if not loop.last }}
{%- endfor %}
