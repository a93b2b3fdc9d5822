with versoes as (
    select * from {{ ref('snapshot_cooperativa__cartoes_versoes') }}
    where dbt_valid_to is null
),

-- On Athena a killed snapshot may finish after the next one and insert the same version again.
versoes_numeradas as (
    select
        *,
        row_number() over (partition by version_key order by dbt_valid_from) as times_believed
    from versoes
),

cartoes_conhecidos as (
    select
        sk_cartao,
        id_cartao,
        id_conta,
        numero_cartao,
        nome_impresso_cartao,
        bandeira_cartao,
        tipo_cartao,
        data_criacao_cartao,
        valid_from,
        valid_to,
        is_current,
        applies_from
    from versoes_numeradas
    where times_believed = 1
),

-- For facts without a known card.
cartao_desconhecido as (
    select
        cast(-1 as bigint) as sk_cartao,
        'desconhecido' as id_cartao,
        cast(null as varchar) as id_conta,
        cast(null as varchar) as numero_cartao,
        cast(null as varchar) as nome_impresso_cartao,
        cast(null as varchar) as bandeira_cartao,
        cast(null as varchar) as tipo_cartao,
        cast(null as date) as data_criacao_cartao,
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to,
        true as is_current,
        date '1900-01-01' as applies_from
),

cartoes as (
    select * from cartoes_conhecidos
    union all
    select * from cartao_desconhecido
)

select * from cartoes
