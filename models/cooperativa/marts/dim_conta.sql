with versoes as (
    select * from {{ ref('snapshot_cooperativa__contas_versoes') }}
    where dbt_valid_to is null
),

-- On Athena a killed snapshot may finish after the next one and insert the same version again.
versoes_numeradas as (
    select
        *,
        row_number() over (partition by version_key order by dbt_valid_from) as times_believed
    from versoes
),

contas_conhecidas as (
    select
        sk_conta,
        id_conta,
        id_associado,
        tipo_conta,
        agencia,
        situacao_conta,
        data_criacao_conta,
        valid_from,
        valid_to,
        is_current,
        applies_from
    from versoes_numeradas
    where times_believed = 1
),

-- For facts without a known account.
conta_desconhecida as (
    select
        cast(-1 as bigint) as sk_conta,
        'desconhecido' as id_conta,
        cast(null as varchar) as id_associado,
        cast(null as varchar) as tipo_conta,
        cast(null as varchar) as agencia,
        cast(null as varchar) as situacao_conta,
        cast(null as date) as data_criacao_conta,
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to,
        true as is_current,
        date '1900-01-01' as applies_from
),

contas as (
    select * from contas_conhecidas
    union all
    select * from conta_desconhecida
)

select * from contas
