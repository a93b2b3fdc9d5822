{% snapshot snapshot_cooperativa__contas %}
{{ config(
    unique_key='id_conta',
    check_cols=versioned_columns('conta')[1:] + ['file_id'],
    post_hook="{{ take_other_extracts('conta', ref('base_cooperativa__arquivos')) }}"
) }}
{{ one_extract('conta', ref('stg_cooperativa__contas'), ref('base_cooperativa__arquivos')) }}
{% endsnapshot %}
