with versoes as (
    select * from {{ ref('snapshot_cooperativa__associados_versoes') }}
    where dbt_valid_to is null
),

-- On Athena a killed snapshot may finish after the next one and insert the same version again.
versoes_numeradas as (
    select
        *,
        row_number() over (partition by version_key order by dbt_valid_from) as times_believed
    from versoes
),

associados_conhecidos as (
    select
        sk_associado,
        id_associado,
        nome,
        sobrenome,
        data_nascimento,
        idade,
        estado_civil,
        escolaridade,
        valid_from,
        valid_to,
        is_current,
        applies_from
    from versoes_numeradas
    where times_believed = 1
),

-- For facts without a known member.
associado_desconhecido as (
    select
        cast(-1 as bigint) as sk_associado,
        'desconhecido' as id_associado,
        cast(null as varchar) as nome,
        cast(null as varchar) as sobrenome,
        cast(null as date) as data_nascimento,
        cast(null as bigint) as idade,
        cast(null as varchar) as estado_civil,
        cast(null as varchar) as escolaridade,
        date '1900-01-01' as valid_from,
        date '9999-12-31' as valid_to,
        true as is_current,
        date '1900-01-01' as applies_from
),

associados as (
    select * from associados_conhecidos
    union all
    select * from associado_desconhecido
)

select * from associados
