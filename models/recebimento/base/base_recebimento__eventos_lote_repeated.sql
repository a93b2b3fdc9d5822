{{ config(
    units='base_recebimento__arquivos',
    units_where="table_name = 'eventos_lote'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('recebimento', 'eventos_lote'),
    rows=ref('base_recebimento__eventos_lote'),
    files=ref('base_recebimento__arquivos')
) }}
