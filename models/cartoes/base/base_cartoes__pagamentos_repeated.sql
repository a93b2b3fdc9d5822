{{ config(
    units='base_cartoes__arquivos',
    units_where="table_name = 'tb_pagamentos'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('cartoes', 'tb_pagamentos'),
    rows=ref('base_cartoes__pagamentos'),
    files=ref('base_cartoes__arquivos')
) }}
