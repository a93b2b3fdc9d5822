{% snapshot snapshot_cooperativa__associados %}
{{ config(
    unique_key='id_associado',
    strategy='check',
    check_cols=['nome', 'sobrenome', 'data_nascimento', 'idade', 'estado_civil', 'escolaridade', 'file_id'],
    updated_at='data_extrato',
    hard_deletes='invalidate',
    post_hook="{{ take_other_extracts('associado', ref('base_cooperativa__arquivos')) }}"
) }}

{%- set columns = [
    'id_associado',
    'nome',
    'sobrenome',
    'data_nascimento',
    'idade',
    'estado_civil',
    'escolaridade'
] %}
{{ one_extract(columns, 'associado', ref('stg_cooperativa__associados'), ref('base_cooperativa__arquivos')) }}
{% endsnapshot %}
