with contas as (
    select
        base.*,
        arquivos.reference_period as data_extrato
    from {{ ref('base_cooperativa__contas') }} as base
    inner join {{ ref('base_cooperativa__arquivos') }} as arquivos on base.file_id = arquivos.file_id
    left join {{ ref('base_cooperativa__contas_repeated') }} as repeated
        on base.file_id = repeated.file_id and base.line_number = repeated.line_number
    where base.reasons is null and repeated.file_id is null
),

valores as (
    {{ in_its_domain('contas', ['tipo_conta', 'situacao_conta'], base=ref('base_cooperativa__contas')) }}
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
