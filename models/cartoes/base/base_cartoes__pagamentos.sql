{{ config(
    unique_key=['file_id', 'line_number'],
    partitioned_by=['month(data_pagamento)'],
    post_hook="{{ delete_stale_rows(ref('base_cartoes__arquivos')) }}"
) }}

{{ base_rows(
    source('cartoes', 'tb_pagamentos'),
    files=ref('base_cartoes__arquivos'),
    rules={
        'valor_pagamento:not_positive': 'valor_pagamento <= 0',
    }
) }}
