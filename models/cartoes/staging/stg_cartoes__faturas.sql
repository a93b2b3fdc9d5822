select
    id_fatura,
    id_cliente,
    valor_fatura,
    valor_pagamento_minimo,
    data_emissao,
    data_vencimento,
    file_id,
    line_number
from {{ ref('base_cartoes__faturas') }}
where disposition = 'accepted'
