-- How many rejected debts were registered by a later batch, and after how many days, per client? A debt that was
-- rejected several times counts once, from its first rejection.
with rejected as (
    select
        id_cliente_credor,
        trim(id_divida) as id_divida,
        min(recebida_em) as rejeitada_em
    from {{ ref('dividas_rejeitadas') }}
    where trim(id_divida) <> ''
    group by id_cliente_credor, trim(id_divida)
),

corrected as (
    select
        rejected.id_cliente_credor,
        rejected.id_divida,
        rejected.rejeitada_em,
        min(historico.recebida_em) as corrigida_em
    from rejected
    left join {{ ref('historico_dividas') }} as historico
        on
            rejected.id_cliente_credor = {{ clean_client('historico.id_cliente_credor') }}
            and rejected.id_divida = historico.id_divida
            and rejected.rejeitada_em < historico.recebida_em
    group by rejected.id_cliente_credor, rejected.id_divida, rejected.rejeitada_em
)

select
    id_cliente_credor,
    count(*) as dividas_rejeitadas,
    count(corrigida_em) as dividas_corrigidas,
    min(date_diff('day', rejeitada_em, corrigida_em)) as dias_minimo,
    {{ divide("sum(date_diff('day', rejeitada_em, corrigida_em))", 'count(corrigida_em)', scale=1) }} as dias_medio,
    max(date_diff('day', rejeitada_em, corrigida_em)) as dias_maximo
from corrected
group by id_cliente_credor
order by dividas_rejeitadas desc, id_cliente_credor asc
