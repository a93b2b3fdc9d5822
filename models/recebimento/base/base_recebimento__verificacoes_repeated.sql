{{ config(
    units='base_recebimento__arquivos',
    units_where="table_name = 'verificacoes'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('recebimento', 'verificacoes'),
    rows=ref('base_recebimento__verificacoes'),
    files=ref('base_recebimento__arquivos')
) }}
