{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_cooperativa__extratos',
    units_where="table_name = 'associado'",
    key='version_key'
) }}

-- depends_on: {{ ref('int_cooperativa__extratos') }}
{{ versions_of(
    'associado',
    changes=ref('int_cooperativa__associados_mudancas'),
    as_of_extract={'idade': years_between('said.data_nascimento', 'changes.data_extrato')}
) }}
