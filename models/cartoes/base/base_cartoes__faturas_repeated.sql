{{ config(
    units='base_cartoes__arquivos',
    units_where="table_name = 'tb_faturas'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('cartoes', 'tb_faturas'),
    rows=ref('base_cartoes__faturas'),
    files=ref('base_cartoes__arquivos')
) }}
