{{ config(
    units='base_mensageria__arquivos',
    units_where="table_name = 'chatbot'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('mensageria', 'chatbot'),
    rows=ref('base_mensageria__chatbot'),
    files=ref('base_mensageria__arquivos')
) }}
