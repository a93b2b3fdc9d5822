{{ config(
    units='base_cooperativa__arquivos',
    units_where="table_name = 'cartao'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('cooperativa', 'cartao'),
    rows=ref('base_cooperativa__cartoes'),
    files=ref('base_cooperativa__arquivos')
) }}
