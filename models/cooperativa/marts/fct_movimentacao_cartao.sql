{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_cooperativa__extratos',
    key='id_movimentacao',
    partitioned_by=['month(data_movimentacao)']
) }}

-- depends_on: {{ ref('int_cooperativa__extratos') }}
-- Only affected facts are rebuilt: an extract of members, accounts or cards recomputes the movements of the cards
-- whose own, account or member versions it changes.
with associados_mudados as (
    select * from {{ ref('int_cooperativa__associados_mudancas') }}
    where true {{ and_unit_is_missing('file_id') }}
),

contas_mudadas as (
    select * from {{ ref('int_cooperativa__contas_mudancas') }}
    where true {{ and_unit_is_missing('file_id') }}
),

cartoes_mudados as (
    select * from {{ ref('int_cooperativa__cartoes_mudancas') }}
    where true {{ and_unit_is_missing('file_id') }}
),

versoes_de_contas as (
    select * from {{ ref('dim_conta') }}
),

versoes_de_cartoes as (
    select * from {{ ref('dim_cartao') }}
),

movimentacoes_novas as (
    select * from {{ ref('base_cooperativa__movimentacoes') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

movimentacoes_lidas as (
    select * from {{ ref('base_cooperativa__movimentacoes') }}
    where reasons is null
),

contas_tocadas as (
    select id_conta from contas_mudadas
    union
    select versoes_de_contas.id_conta
    from versoes_de_contas
    inner join associados_mudados on versoes_de_contas.id_associado = associados_mudados.id_associado
),

cartoes_tocados as (
    select id_cartao from cartoes_mudados
    union
    select versoes_de_cartoes.id_cartao
    from versoes_de_cartoes
    inner join contas_tocadas on versoes_de_cartoes.id_conta = contas_tocadas.id_conta
),

touched_keys as (
    select id_movimentacao from movimentacoes_novas
    union
    select movimentacoes_lidas.id_movimentacao
    from movimentacoes_lidas
    inner join cartoes_tocados on movimentacoes_lidas.id_cartao = cartoes_tocados.id_cartao
),

movimentacoes as (
    select * from {{ ref('stg_cooperativa__movimentacoes') }}
    where {{ is_touched('id_movimentacao') }}
),

-- The dimensions are read again: DuckDB would hold a CTE with two readers in memory.
cartoes as (
    select * from {{ ref('dim_cartao') }}
),

contas as (
    select * from {{ ref('dim_conta') }}
),

associados as (
    select * from {{ ref('dim_associado') }}
),

com_cadastro as (
    select
        movimentacoes.*,
        cast(movimentacoes.data_movimentacao as date) as dia,
        coalesce(cartoes.sk_cartao, -1) as sk_cartao,
        coalesce(contas.sk_conta, -1) as sk_conta,
        coalesce(associados.sk_associado, -1) as sk_associado,
        associados.data_nascimento
    from movimentacoes
    left join cartoes
        on {{ version_at('movimentacoes.id_cartao', 'cartoes', 'cartao', 'movimentacoes.data_movimentacao') }}
    left join contas
        on {{ version_at('cartoes.id_conta', 'contas', 'conta', 'movimentacoes.data_movimentacao') }}
    left join associados
        on {{ version_at('contas.id_associado', 'associados', 'associado', 'movimentacoes.data_movimentacao') }}
),

movimentacoes_com_chaves as (
    select
        id_movimentacao,
        year(dia) * 10000 + month(dia) * 100 + day(dia) as sk_data,
        sk_associado,
        sk_cartao,
        sk_conta,
        id_cartao,
        valor_movimentacao,
        1 as quantidade_movimentacoes,
        descricao_movimentacao,
        {{ years_between('data_nascimento', 'dia') }} as idade_na_movimentacao,
        data_movimentacao,
        file_id,
        cast({{ sql_string(run_started_at.strftime('%Y-%m-%d %H:%M:%S')) }} as {{ timestamp_type() }})
            as data_hora_atualizacao_registro
    from com_cadastro
)

select * from movimentacoes_com_chaves
