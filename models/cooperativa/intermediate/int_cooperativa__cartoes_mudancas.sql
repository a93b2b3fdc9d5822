{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_cooperativa__extratos',
    units_where="table_name = 'cartao'",
    units_at_once=6
) }}

{{ changes_of_extracts(
    'cartao',
    base=ref('base_cooperativa__cartoes'),
    accepted=ref('int_cooperativa__cartoes')
) }}
