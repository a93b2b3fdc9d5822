{{ config(
    units='base_mensageria__arquivos',
    units_where="table_name = 'invoices'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('mensageria', 'invoices'),
    rows=ref('base_mensageria__invoices'),
    files=ref('base_mensageria__arquivos')
) }}
