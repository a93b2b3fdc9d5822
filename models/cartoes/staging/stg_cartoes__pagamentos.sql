with pagamentos as (
    select * from {{ ref('base_cartoes__pagamentos') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_cartoes__pagamentos_repeated') }}
),

pagamentos_aceitos as (
    select
        pagamentos.id_pagamento,
        pagamentos.id_fatura,
        pagamentos.id_cliente,
        pagamentos.valor_pagamento,
        pagamentos.data_pagamento,
        pagamentos.file_id,
        pagamentos.line_number
    from pagamentos
    left join repeated
        on pagamentos.file_id = repeated.file_id and pagamentos.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from pagamentos_aceitos
