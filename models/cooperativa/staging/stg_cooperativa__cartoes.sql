with cartoes as (
    {{ extract_rows('base_cooperativa__cartoes', [
        'id_cartao',
        'id_conta',
        'numero_cartao',
        'nome_impresso_cartao',
        'bandeira_cartao',
        'tipo_cartao',
        'data_criacao_cartao',
    ]) }}
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
