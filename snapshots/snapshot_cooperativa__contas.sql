{% snapshot snapshot_cooperativa__contas %}
{{ config(
    unique_key='id_conta',
    strategy='check',
    check_cols=['id_associado', 'tipo_conta', 'agencia', 'situacao_conta', 'data_criacao_conta', 'file_id'],
    updated_at='data_extrato',
    hard_deletes='invalidate',
    post_hook="{{ take_other_extracts('conta', ref('base_cooperativa__arquivos')) }}"
) }}

{%- set columns = [
    'id_conta',
    'id_associado',
    'tipo_conta',
    'agencia',
    'situacao_conta',
    'data_criacao_conta'
] %}
{{ one_extract(columns, 'conta', ref('stg_cooperativa__contas'), ref('base_cooperativa__arquivos')) }}
{% endsnapshot %}
