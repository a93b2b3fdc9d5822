with faturas as (
    select * from {{ ref('base_cartoes__faturas') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_cartoes__faturas_repeated') }}
),

faturas_aceitas as (
    select
        faturas.id_fatura,
        faturas.id_cliente,
        faturas.valor_fatura,
        faturas.valor_pagamento_minimo,
        faturas.data_emissao,
        faturas.data_vencimento,
        faturas.file_id,
        faturas.line_number
    from faturas
    left join repeated
        on faturas.file_id = repeated.file_id and faturas.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from faturas_aceitas
