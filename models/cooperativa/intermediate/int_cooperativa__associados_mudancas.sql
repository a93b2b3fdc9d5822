{{ config(
    materialized='by_version',
    unit='file_id',
    units='int_cooperativa__extratos',
    units_where="table_name = 'associado'",
    units_at_once=6
) }}

{{ changes_of_extracts(
    'associado',
    base=ref('base_cooperativa__associados'),
    accepted=ref('int_cooperativa__associados')
) }}
