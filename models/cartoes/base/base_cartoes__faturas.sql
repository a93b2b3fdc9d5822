{{ config(
    unique_key=['file_id', 'line_number'],
    partitioned_by=['month(data_emissao)'],
    post_hook="{{ delete_stale_rows(ref('base_cartoes__arquivos')) }}"
) }}

{{ base_rows(
    source('cartoes', 'tb_faturas'),
    files=ref('base_cartoes__arquivos'),
    rules={
        'data_vencimento:before_emissao': 'data_vencimento < data_emissao',
        'valor_fatura:negative': 'valor_fatura < 0',
        'valor_pagamento_minimo:negative': 'valor_pagamento_minimo < 0',
    }
) }}
