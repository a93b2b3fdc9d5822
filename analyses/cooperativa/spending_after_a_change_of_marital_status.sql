-- Do members spend differently after their marital status changes? Compares 30 days before and after each change.
with changes as (
    select
        after_change.id_associado,
        before_change.estado_civil as estado_civil_antes,
        after_change.estado_civil as estado_civil_depois,
        after_change.valid_from as mudou_em
    from {{ ref('dim_associado') }} as before_change
    inner join {{ ref('dim_associado') }} as after_change
        on
            before_change.id_associado = after_change.id_associado
            and before_change.valid_to = after_change.valid_from
            and before_change.estado_civil <> after_change.estado_civil
),

movements as (
    select
        associado.id_associado,
        movimentacao.data_movimentacao,
        movimentacao.valor_movimentacao
    from {{ ref('fct_movimentacao_cartao') }} as movimentacao
    inner join {{ ref('dim_associado') }} as associado on movimentacao.sk_associado = associado.sk_associado
),

spending as (
    select
        changes.id_associado,
        changes.estado_civil_antes,
        changes.estado_civil_depois,
        changes.mudou_em,
        sum(case when movements.data_movimentacao < changes.mudou_em then movements.valor_movimentacao else 0 end)
            as valor_antes,
        sum(case when movements.data_movimentacao >= changes.mudou_em then movements.valor_movimentacao else 0 end)
            as valor_depois
    from changes
    left join movements
        on
            changes.id_associado = movements.id_associado
            and movements.data_movimentacao >= {{ add_days('changes.mudou_em', -30) }}
            and movements.data_movimentacao < {{ add_days('changes.mudou_em', 30) }}
    group by changes.id_associado, changes.estado_civil_antes, changes.estado_civil_depois, changes.mudou_em
)

select
    estado_civil_antes,
    estado_civil_depois,
    count(*) as mudancas,
    sum(valor_antes) as valor_antes,
    sum(valor_depois) as valor_depois
from spending
group by estado_civil_antes, estado_civil_depois
order by estado_civil_antes asc, estado_civil_depois asc
