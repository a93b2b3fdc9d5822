{{ config(
    units='base_cooperativa__arquivos',
    units_where="table_name = 'movimentacao_cartao'",
    key=['file_id', 'line_number'],
    unit_rows='null'
) }}

{{ repeated_rows(
    source('cooperativa', 'movimentacao_cartao'),
    rows=ref('base_cooperativa__movimentacoes'),
    files=ref('base_cooperativa__arquivos')
) }}
