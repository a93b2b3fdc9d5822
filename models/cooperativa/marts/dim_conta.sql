{{ versions_of(ref('snapshot_cooperativa__contas'), 'sk_conta', [
    'id_conta',
    'id_associado',
    'tipo_conta',
    'agencia',
    'situacao_conta',
    'data_criacao_conta'
]) }}
