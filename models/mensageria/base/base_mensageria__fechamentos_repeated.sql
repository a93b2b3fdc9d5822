{{ config(
    units='base_mensageria__arquivos',
    units_where="table_name = 'fechamentos'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('mensageria', 'fechamentos'),
    rows=ref('base_mensageria__fechamentos'),
    files=ref('base_mensageria__arquivos')
) }}
