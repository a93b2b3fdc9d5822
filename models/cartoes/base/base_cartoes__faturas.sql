{{ config(units='base_cartoes__arquivos', units_where="table_name = 'tb_faturas'") }}

with landed as (
    select * from {{ source('cartoes', 'tb_faturas') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_cartoes__arquivos') }}
    where table_name = 'tb_faturas'
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
        {{ to_text('id_fatura') }},
        {{ to_text('id_cliente') }},
        {{ to_date('data_emissao') }},
        {{ to_date('data_vencimento') }},
        {{ to_amount('valor_fatura') }},
        {{ to_amount('valor_pagamento_minimo') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('cartoes', 'tb_faturas'), rules={
            'data_vencimento:before_emissao': 'data_vencimento < data_emissao',
            'valor_fatura:negative': 'valor_fatura < 0',
            'valor_pagamento_minimo:negative': 'valor_pagamento_minimo < 0',
        }) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

faturas as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('cartoes', 'tb_faturas')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        id_fatura,
        id_cliente,
        data_emissao,
        data_vencimento,
        valor_fatura,
        valor_pagamento_minimo
    from judged_rows
)

select * from faturas
