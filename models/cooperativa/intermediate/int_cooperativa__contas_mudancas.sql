{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_cooperativa__extratos',
    units_where="table_name = 'conta'",
    units_at_once=6
) }}

{{ changes_of_extracts(
    'conta',
    base=ref('base_cooperativa__contas'),
    accepted=ref('int_cooperativa__contas')
) }}
