{{ config(materialized='table') }}

{{ repeated_rows(
    source('mensageria', 'invoices'),
    rows=ref('base_mensageria__invoices'),
    files=ref('base_mensageria__arquivos')
) }}
