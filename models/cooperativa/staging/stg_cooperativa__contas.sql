with contas as (
    {{ extract_rows('base_cooperativa__contas', [
        'id_conta',
        'id_associado',
        'tipo_conta',
        'agencia',
        'situacao_conta',
        'data_criacao_conta',
    ]) }}
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
