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
with touched_keys as (
    select id_fatura
    from {{ ref('base_cartoes__faturas') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
    union
    select id_fatura
    from {{ ref('base_cartoes__pagamentos') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
    union
    -- A corrected payment may name another invoice, so the invoice it named before is recomputed too.
    select pagamentos.id_fatura
    from {{ ref('base_cartoes__pagamentos') }} as pagamentos
    inner join {{ ref('base_cartoes__pagamentos_repeated') }} as repeated
        on pagamentos.file_id = repeated.file_id and pagamentos.line_number = repeated.line_number
    where true {{ and_unit_is_missing('repeated.kept_file_id') }}
),

faturas as (
    select * from {{ ref('stg_cartoes__faturas') }}
    where {{ is_touched('id_fatura') }}
),

pagamentos as (
    select
        id_fatura,
        cast(count(*) as integer) as total_pagamentos,
        cast(sum(valor_pagamento) as decimal(18, 2)) as valor_pago,
        min(data_pagamento) as data_primeiro_pagamento,
        max(data_pagamento) as data_ultimo_pagamento
    from {{ ref('stg_cartoes__pagamentos') }}
    where {{ is_touched('id_fatura') }}
    group by id_fatura
)

select
    faturas.id_fatura,
    faturas.id_cliente,
    faturas.data_emissao,
    faturas.data_vencimento,
    faturas.valor_fatura,
    faturas.valor_pagamento_minimo,
    cast(coalesce(pagamentos.valor_pago, 0) as decimal(18, 2)) as valor_pago,
    coalesce(pagamentos.total_pagamentos, 0) as total_pagamentos,
    pagamentos.data_primeiro_pagamento,
    pagamentos.data_ultimo_pagamento
from faturas
left join pagamentos on faturas.id_fatura = pagamentos.id_fatura
