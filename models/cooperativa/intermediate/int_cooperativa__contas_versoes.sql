{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_cooperativa__extratos',
    units_where="table_name = 'conta'",
    key='version_key'
) }}

-- depends_on: {{ ref('int_cooperativa__extratos') }}
{{ versions_of(
    'conta',
    changes=ref('int_cooperativa__contas_mudancas')
) }}
