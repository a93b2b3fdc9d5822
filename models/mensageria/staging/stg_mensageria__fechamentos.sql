-- Ephemeral, because an Athena view holds timestamps only to the millisecond.
{{ config(materialized='ephemeral') }}

with fechamentos as (
    select * from {{ ref('base_mensageria__fechamentos') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_mensageria__fechamentos_repeated') }}
),

accepted_fechamentos as (
    select
        fechamentos.id_fechamento,
        fechamentos.data,
        fechamentos.fechado_em,
        fechamentos.particoes,
        fechamentos.precos,
        fechamentos.file_id,
        fechamentos.line_number
    from fechamentos
    left join repeated on fechamentos.file_id = repeated.file_id and fechamentos.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from accepted_fechamentos
