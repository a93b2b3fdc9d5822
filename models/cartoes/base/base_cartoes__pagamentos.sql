{{ config(units='base_cartoes__arquivos', units_where="table_name = 'tb_pagamentos'") }}

with landed as (
    select * from {{ source('cartoes', 'tb_pagamentos') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_cartoes__arquivos') }}
    where table_name = 'tb_pagamentos'
),

raw_rows as (
    select
        landed.*,
        arquivos.reference_period
    from landed
    inner join arquivos on landed.file_id = arquivos.file_id
),

typed_rows as (
    select
        {{ lineage_columns() }},
        {{ to_text('id_pagamento') }},
        {{ to_text('id_fatura') }},
        {{ to_text('id_cliente') }},
        {{ to_date('data_pagamento') }},
        {{ to_amount('valor_pagamento') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('cartoes', 'tb_pagamentos'), rules={
            'valor_pagamento:not_positive': 'valor_pagamento <= 0',
        }) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

pagamentos as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('cartoes', 'tb_pagamentos')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        id_pagamento,
        id_fatura,
        id_cliente,
        data_pagamento,
        valor_pagamento
    from judged_rows
)

select * from pagamentos
