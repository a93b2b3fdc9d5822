select
    id_fatura,
    cast(count(*) as integer) as total_pagamentos,
    cast(sum(valor_pagamento) as decimal(18, 2)) as valor_pago,
    min(data_pagamento) as data_primeiro_pagamento,
    max(data_pagamento) as data_ultimo_pagamento
from {{ ref('stg_cartoes__pagamentos') }}
group by id_fatura
