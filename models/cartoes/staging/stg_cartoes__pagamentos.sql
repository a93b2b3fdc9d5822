select
    id_pagamento,
    id_fatura,
    id_cliente,
    valor_pagamento,
    data_pagamento,
    file_id,
    line_number
from {{ ref('base_cartoes__pagamentos') }}
where disposition = 'accepted'
