with cartoes as (
    select
        base.*,
        arquivos.reference_period as data_extrato
    from {{ ref('base_cooperativa__cartoes') }} as base
    inner join {{ ref('base_cooperativa__arquivos') }} as arquivos on base.file_id = arquivos.file_id
    left join {{ ref('base_cooperativa__cartoes_repeated') }} as repeated
        on base.file_id = repeated.file_id and base.line_number = repeated.line_number
    where base.reasons is null and repeated.file_id is null
),

valores as (
    {{ in_its_domain('cartoes', ['bandeira_cartao', 'tipo_cartao'], base=ref('base_cooperativa__cartoes')) }}
)

select
    id_cartao,
    id_conta,
    numero_cartao,
    nome_impresso_cartao,
    bandeira_cartao_valor as bandeira_cartao,
    tipo_cartao_valor as tipo_cartao,
    data_criacao_cartao,
    valores_desconhecidos,
    data_extrato,
    file_id,
    line_number
from valores
