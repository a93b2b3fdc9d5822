{{ versions_of(ref('snapshot_cooperativa__cartoes'), 'sk_cartao', [
    'id_cartao',
    'id_conta',
    'numero_cartao',
    'nome_impresso_cartao',
    'bandeira_cartao',
    'tipo_cartao',
    'data_criacao_cartao'
]) }}
