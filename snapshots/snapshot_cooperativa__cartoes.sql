{% snapshot snapshot_cooperativa__cartoes %}
{{ config(
    unique_key='id_cartao',
    check_cols=versioned_columns('cartao')[1:] + ['file_id'],
    post_hook="{{ take_other_extracts('cartao', ref('base_cooperativa__arquivos')) }}"
) }}
{{ one_extract('cartao', ref('stg_cooperativa__cartoes'), ref('base_cooperativa__arquivos')) }}
{% endsnapshot %}
