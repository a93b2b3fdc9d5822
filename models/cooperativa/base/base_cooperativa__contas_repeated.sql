{{ config(
    units='base_cooperativa__arquivos',
    units_where="table_name = 'conta'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('cooperativa', 'conta'),
    rows=ref('base_cooperativa__contas'),
    files=ref('base_cooperativa__arquivos')
) }}
