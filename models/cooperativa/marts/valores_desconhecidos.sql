with associados as (
    select * from {{ ref('int_cooperativa__associados') }}
    where valores_desconhecidos is not null
),

contas as (
    select * from {{ ref('int_cooperativa__contas') }}
    where valores_desconhecidos is not null
),

cartoes as (
    select * from {{ ref('int_cooperativa__cartoes') }}
    where valores_desconhecidos is not null
),

valores as (
    select
        'associado' as table_name,
        'estado_civil' as coluna,
        estado_civil as valor,
        data_extrato
    from associados
    where valores_desconhecidos like '%estado_civil%'
    union all
    select
        'associado' as table_name,
        'escolaridade' as coluna,
        escolaridade as valor,
        data_extrato
    from associados
    where valores_desconhecidos like '%escolaridade%'
    union all
    select
        'conta' as table_name,
        'tipo_conta' as coluna,
        tipo_conta as valor,
        data_extrato
    from contas
    where valores_desconhecidos like '%tipo_conta%'
    union all
    select
        'conta' as table_name,
        'situacao_conta' as coluna,
        situacao_conta as valor,
        data_extrato
    from contas
    where valores_desconhecidos like '%situacao_conta%'
    union all
    select
        'cartao' as table_name,
        'bandeira_cartao' as coluna,
        bandeira_cartao as valor,
        data_extrato
    from cartoes
    where valores_desconhecidos like '%bandeira_cartao%'
    union all
    select
        'cartao' as table_name,
        'tipo_cartao' as coluna,
        tipo_cartao as valor,
        data_extrato
    from cartoes
    where valores_desconhecidos like '%tipo_cartao%'
),

valores_por_coluna as (
    select
        table_name,
        coluna,
        valor,
        count(*) as linhas,
        min(data_extrato) as primeiro_extrato,
        max(data_extrato) as ultimo_extrato
    from valores
    group by table_name, coluna, valor
)

select * from valores_por_coluna
