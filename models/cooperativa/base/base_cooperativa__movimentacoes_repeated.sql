{{ config(materialized='table') }}

{{ repeated_rows(
    source('cooperativa', 'movimentacao_cartao'),
    rows=ref('base_cooperativa__movimentacoes'),
    files=ref('base_cooperativa__arquivos')
) }}
