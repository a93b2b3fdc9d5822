{{ config(
    unique_key=['file_id', 'line_number'],
    post_hook="{{ delete_stale_rows(ref('base_cooperativa__arquivos')) }}"
) }}

{{ base_rows(source('cooperativa', 'cartao'), files=ref('base_cooperativa__arquivos')) }}
