{{ config(
    unique_key=['file_id', 'line_number'],
    post_hook="{{ delete_stale_rows(ref('base_mensageria__arquivos')) }}"
) }}

{{ base_rows(source('mensageria', 'chatbot'), files=ref('base_mensageria__arquivos')) }}
