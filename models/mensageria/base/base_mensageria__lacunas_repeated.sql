{{ config(
    units='base_mensageria__arquivos',
    units_where="table_name = 'lacunas'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('mensageria', 'lacunas'),
    rows=ref('base_mensageria__lacunas'),
    files=ref('base_mensageria__arquivos')
) }}
