{{ config(partitioned_by=['month(data_pagamento)']) }}

with pagamentos as (
    select * from {{ ref('stg_cartoes__pagamentos') }}
),

faturas as (
    select * from {{ ref('stg_cartoes__faturas') }}
)

select
    pagamentos.id_pagamento,
    pagamentos.id_fatura,
    pagamentos.id_cliente,
    pagamentos.data_pagamento,
    pagamentos.valor_pagamento,
    faturas.id_fatura is not null as fatura_conhecida,
    coalesce(faturas.id_cliente = pagamentos.id_cliente, false) as cliente_confere
from pagamentos
left join faturas on pagamentos.id_fatura = faturas.id_fatura
