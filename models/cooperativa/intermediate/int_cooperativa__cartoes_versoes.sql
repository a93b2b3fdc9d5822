{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_cooperativa__extratos',
    units_where="table_name = 'cartao'",
    key='version_key'
) }}

-- depends_on: {{ ref('int_cooperativa__extratos') }}
{{ versions_of(
    'cartao',
    changes=ref('int_cooperativa__cartoes_mudancas')
) }}
