{% snapshot snapshot_cooperativa__cartoes %}
{{ config(
    unique_key='id_cartao',
    strategy='check',
    check_cols=['id_conta', 'numero_cartao', 'nome_impresso_cartao', 'bandeira_cartao', 'tipo_cartao', 'data_criacao_cartao', 'file_id'],
    updated_at='data_extrato',
    hard_deletes='invalidate',
    post_hook="{{ take_other_extracts('cartao', ref('base_cooperativa__arquivos')) }}"
) }}

{%- set columns = [
    'id_cartao',
    'id_conta',
    'numero_cartao',
    'nome_impresso_cartao',
    'bandeira_cartao',
    'tipo_cartao',
    'data_criacao_cartao'
] %}
{{ one_extract(columns, 'cartao', ref('stg_cooperativa__cartoes'), ref('base_cooperativa__arquivos')) }}
{% endsnapshot %}
