{{ config(
    unique_key=['file_id', 'line_number'],
    partitioned_by=['month(data_movimentacao)'],
    post_hook="{{ delete_stale_rows(ref('base_cooperativa__arquivos')) }}"
) }}

{{ base_rows(source('cooperativa', 'movimentacao_cartao'), files=ref('base_cooperativa__arquivos'), rules={
    'data_movimentacao:before_calendar': "data_movimentacao >= date '1900-01-01' and data_movimentacao < date '1990-01-01'",
}) }}
