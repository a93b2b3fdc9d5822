with contas as (
    select
        base.id_conta,
        base.id_associado,
        base.tipo_conta,
        base.agencia,
        base.situacao_conta,
        base.data_criacao_conta,
        arquivos.reference_period as data_extrato,
        base.file_id,
        base.line_number
    from {{ ref('base_cooperativa__contas') }} as base
    inner join {{ ref('base_cooperativa__arquivos') }} as arquivos on base.file_id = arquivos.file_id
    where base.disposition = 'accepted'
),

valores as (
    {{ in_its_domain('contas', ['tipo_conta', 'situacao_conta']) }}
)

select
    id_conta,
    id_associado,
    tipo_conta_valor as tipo_conta,
    agencia,
    situacao_conta_valor as situacao_conta,
    data_criacao_conta,
    valores_desconhecidos,
    data_extrato,
    file_id,
    line_number
from valores
