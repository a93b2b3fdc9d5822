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
with contas_tocadas as (
    select id_conta
    from {{ ref('int_cooperativa__contas_mudancas') }}
    where true {{ and_unit_is_missing('file_id') }}
    union
    select contas.id_conta
    from {{ ref('dim_conta') }} as contas
    inner join {{ ref('int_cooperativa__associados_mudancas') }} as mudancas
        on contas.id_associado = mudancas.id_associado
    where true {{ and_unit_is_missing('mudancas.file_id') }}
),

cartoes_tocados as (
    select id_cartao
    from {{ ref('int_cooperativa__cartoes_mudancas') }}
    where true {{ and_unit_is_missing('file_id') }}
    union
    select cartoes.id_cartao
    from {{ ref('dim_cartao') }} as cartoes
    inner join contas_tocadas on cartoes.id_conta = contas_tocadas.id_conta
),

touched_keys as (
    select id_movimentacao
    from {{ ref('base_cooperativa__movimentacoes') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
    union
    select movimentacoes.id_movimentacao
    from {{ ref('base_cooperativa__movimentacoes') }} as movimentacoes
    inner join cartoes_tocados on movimentacoes.id_cartao = cartoes_tocados.id_cartao
    where movimentacoes.reasons is null
),

movimentacoes as (
    select * from {{ ref('stg_cooperativa__movimentacoes') }}
    where {{ is_touched('id_movimentacao') }}
),

com_cadastro as (
    select
        movimentacoes.*,
        cast(movimentacoes.data_movimentacao as date) as dia,
        coalesce(cartao.sk_cartao, -1) as sk_cartao,
        coalesce(conta.sk_conta, -1) as sk_conta,
        coalesce(associado.sk_associado, -1) as sk_associado,
        associado.data_nascimento
    from movimentacoes
    left join {{ ref('dim_cartao') }} as cartao
        on {{ version_at('movimentacoes.id_cartao', 'cartao', 'cartao', 'movimentacoes.data_movimentacao') }}
    left join {{ ref('dim_conta') }} as conta
        on {{ version_at('cartao.id_conta', 'conta', 'conta', 'movimentacoes.data_movimentacao') }}
    left join {{ ref('dim_associado') }} as associado
        on {{ version_at('conta.id_associado', 'associado', 'associado', 'movimentacoes.data_movimentacao') }}
)

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
