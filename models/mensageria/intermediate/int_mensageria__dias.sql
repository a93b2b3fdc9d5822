{{ config(materialized='table') }}

-- A day's messages are read again if one of its files is new or gone, or if late ones stand on another bill; closings
-- move them to later days only.
with dias_por_arquivo as (
    select * from {{ ref('int_mensageria__dias_por_arquivo') }}
),

destinos as (
    select * from {{ ref('int_mensageria__destinos') }}
),

arquivos_do_dia as (
    select
        event_date,
        count(*) as arquivos,
        sum(cast(file_id as decimal(38, 0))) as soma_dos_arquivos
    from dias_por_arquivo
    group by event_date
),

destinos_do_dia as (
    select
        event_date,
        count(*) as partes,
        sum(date_diff('day', event_date, lancado_em)) as soma_dos_atrasos
    from destinos
    group by event_date
),

dias as (
    select
        arquivos_do_dia.event_date,
        concat_ws(
            '/',
            cast(arquivos_do_dia.arquivos as varchar),
            cast(arquivos_do_dia.soma_dos_arquivos as varchar),
            cast(coalesce(destinos_do_dia.partes, 0) as varchar),
            cast(coalesce(destinos_do_dia.soma_dos_atrasos, 0) as varchar)
        ) as input_version
    from arquivos_do_dia
    left join destinos_do_dia on arquivos_do_dia.event_date = destinos_do_dia.event_date
)

select * from dias
