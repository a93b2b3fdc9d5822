{{ config(
    materialized='by_version',
    unit='file_id',
    unit_version='file_id',
    units='int_cartoes__reconciliacao',
    units_where='difference_rows = 0',
    key='id_pagamento',
    partitioned_by=['month(data_pagamento)']
) }}

-- depends_on: {{ ref('int_cartoes__reconciliacao') }}
with pagamentos_novos as (
    select * from {{ ref('base_cartoes__pagamentos') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

pagamentos_lidos as (
    select * from {{ ref('base_cartoes__pagamentos') }}
    where reasons is null
),

faturas_novas as (
    select * from {{ ref('base_cartoes__faturas') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

touched_keys as (
    select id_pagamento from pagamentos_novos
    union
    select pagamentos_lidos.id_pagamento
    from pagamentos_lidos
    inner join faturas_novas on pagamentos_lidos.id_fatura = faturas_novas.id_fatura
),

pagamentos as (
    select * from {{ ref('stg_cartoes__pagamentos') }}
    where {{ is_touched('id_pagamento') }}
),

faturas as (
    select * from {{ ref('int_cartoes__faturas_pagas') }}
),

pagamentos_conferidos as (
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
)

select * from pagamentos_conferidos
