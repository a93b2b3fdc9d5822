{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='id_movimentacao',
    on_schema_change='append_new_columns',
    partitioned_by=['month(data_movimentacao)'],
    post_hook="{{ delete_stale_rows(ref('base_cooperativa__arquivos')) }}"
) }}

with
{%- if is_incremental() %}
-- Movements whose file is gone, whose version is no more the one of their day, or was not known.
movimentacoes_a_refazer as (
    select feitas.id_movimentacao
    from {{ this }} as feitas
    {%- for dimension in ['cartao', 'conta', 'associado'] %}
    left join {{ ref('dim_' ~ dimension) }} as {{ dimension }}
        on
            feitas.sk_{{ dimension }} = {{ dimension }}.sk_{{ dimension }}
            and {{ dimension }}.sk_{{ dimension }} <> -1
            and feitas.data_movimentacao >= {{ dimension }}.applies_from
            and feitas.data_movimentacao < {{ dimension }}.valid_to
    {%- endfor %}
    where
        cartao.sk_cartao is null
        or conta.sk_conta is null
        or associado.sk_associado is null
        or feitas.file_id not in (select arquivos.file_id from {{ ref('base_cooperativa__arquivos') }} as arquivos)
),
{%- endif %}

movimentacoes as (
    select * from {{ ref('stg_cooperativa__movimentacoes') }}
    {%- if is_incremental() %}
    where
        file_id not in (select feitas.file_id from {{ this }} as feitas)
        or id_movimentacao in (select a_refazer.id_movimentacao from movimentacoes_a_refazer as a_refazer)
    {%- endif %}
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
