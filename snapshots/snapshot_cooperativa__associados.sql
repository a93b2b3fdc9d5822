{% snapshot snapshot_cooperativa__associados %}
{{ config(
    unique_key='id_associado',
    check_cols=versioned_columns('associado')[1:] + ['file_id'],
    post_hook="{{ take_other_extracts('associado', ref('base_cooperativa__arquivos')) }}"
) }}
{{ one_extract('associado', ref('stg_cooperativa__associados'), ref('base_cooperativa__arquivos')) }}
{% endsnapshot %}
