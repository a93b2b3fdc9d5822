{{ config(
    materialized='by_version',
    unit='file_id',
    unit_version='file_id',
    units='int_cartoes__reconciliacao',
    units_where='difference_rows = 0',
    key='id_fatura',
    partitioned_by=['month(data_emissao)']
) }}

-- depends_on: {{ ref('int_cartoes__reconciliacao') }}
with faturas_novas as (
    select * from {{ ref('base_cartoes__faturas') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

pagamentos_novos as (
    select * from {{ ref('base_cartoes__pagamentos') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

pagamentos_lidos as (
    select * from {{ ref('base_cartoes__pagamentos') }}
),

pagamentos_repetidos as (
    select * from {{ ref('base_cartoes__pagamentos_repeated') }}
    where true {{ and_unit_is_missing('kept_file_id') }}
),

-- A corrected payment may name another invoice, so the invoice it named before is recomputed too.
pagamentos_corrigidos as (
    select pagamentos_lidos.id_fatura
    from pagamentos_lidos
    inner join pagamentos_repetidos
        on
            pagamentos_lidos.file_id = pagamentos_repetidos.file_id
            and pagamentos_lidos.line_number = pagamentos_repetidos.line_number
),

touched_keys as (
    select id_fatura from faturas_novas
    union
    select id_fatura from pagamentos_novos
    union
    select id_fatura from pagamentos_corrigidos
),

faturas as (
    select * from {{ ref('stg_cartoes__faturas') }}
    where {{ is_touched('id_fatura') }}
),

pagamentos as (
    select * from {{ ref('stg_cartoes__pagamentos') }}
    where {{ is_touched('id_fatura') }}
),

pagamentos_por_fatura as (
    select
        id_fatura,
        cast(count(*) as integer) as total_pagamentos,
        cast(sum(valor_pagamento) as decimal(18, 2)) as valor_pago,
        min(data_pagamento) as data_primeiro_pagamento,
        max(data_pagamento) as data_ultimo_pagamento
    from pagamentos
    group by id_fatura
),

faturas_pagas as (
    select
        faturas.id_fatura,
        faturas.id_cliente,
        faturas.data_emissao,
        faturas.data_vencimento,
        faturas.valor_fatura,
        faturas.valor_pagamento_minimo,
        cast(coalesce(pagamentos_por_fatura.valor_pago, 0) as decimal(18, 2)) as valor_pago,
        coalesce(pagamentos_por_fatura.total_pagamentos, 0) as total_pagamentos,
        pagamentos_por_fatura.data_primeiro_pagamento,
        pagamentos_por_fatura.data_ultimo_pagamento
    from faturas
    left join pagamentos_por_fatura on faturas.id_fatura = pagamentos_por_fatura.id_fatura
)

select * from faturas_pagas
