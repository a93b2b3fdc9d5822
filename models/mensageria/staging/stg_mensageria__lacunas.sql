-- Ephemeral, because an Athena view holds timestamps only to the millisecond.
{{ config(materialized='ephemeral') }}

with lacunas as (
    select * from {{ ref('base_mensageria__lacunas') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_mensageria__lacunas_repeated') }}
),

accepted_lacunas as (
    select
        lacunas.topico,
        lacunas.particao,
        lacunas.de_offset,
        lacunas.ate_offset,
        lacunas.detectado_em,
        lacunas.file_id,
        lacunas.line_number
    from lacunas
    left join repeated on lacunas.file_id = repeated.file_id and lacunas.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from accepted_lacunas
