{{ config(materialized='table') }}

{{ repeated_rows(
    source('mensageria', 'chatbot'),
    rows=ref('base_mensageria__chatbot'),
    files=ref('base_mensageria__arquivos')
) }}
