{{ config(
    units='base_cooperativa__arquivos',
    units_where="table_name = 'associado'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('cooperativa', 'associado'),
    rows=ref('base_cooperativa__associados'),
    files=ref('base_cooperativa__arquivos')
) }}
