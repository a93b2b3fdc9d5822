with cartoes as (
    select
        base.id_cartao,
        base.id_conta,
        base.numero_cartao,
        base.nome_impresso_cartao,
        base.bandeira_cartao,
        base.tipo_cartao,
        base.data_criacao_cartao,
        arquivos.reference_period as data_extrato,
        base.file_id,
        base.line_number
    from {{ ref('base_cooperativa__cartoes') }} as base
    inner join {{ ref('base_cooperativa__arquivos') }} as arquivos on base.file_id = arquivos.file_id
    where base.disposition = 'accepted'
),

valores as (
    {{ in_its_domain('cartoes', ['bandeira_cartao', 'tipo_cartao']) }}
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
