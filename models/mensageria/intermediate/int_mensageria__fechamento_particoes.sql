{{ config(materialized='table') }}

with dias_fechados as (
    select * from {{ ref('int_mensageria__dias_fechados') }}
),

items as (
    {{ json_items_of('dias_fechados', list='particoes', columns=['data', 'fechado_em', 'file_id'], item='item') }}
),

particoes as (
    select
        data,
        fechado_em,
        file_id,
        {{ json_scalar('item', '$.topico') }} as topico,
        {{ parse_whole_number(json_scalar('item', '$.particao')) }} as particao,
        coalesce({{ parse_whole_number(json_scalar('item', '$.de_offset')) }}, 0) as de_offset,
        {{ parse_whole_number(json_scalar('item', '$.ate_offset')) }} as ate_offset
    from items
)

select * from particoes
