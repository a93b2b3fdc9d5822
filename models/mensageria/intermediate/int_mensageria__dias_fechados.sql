{{ config(materialized='table') }}

-- A day is closed once. Whatever says so later changes nothing.
with fechamentos as (
    select * from {{ ref('stg_mensageria__fechamentos') }}
),

ranked_closings as (
    select
        *,
        row_number() over (partition by data order by fechado_em, id_fechamento) as rank_of_day
    from fechamentos
),

dias as (
    select
        data,
        id_fechamento,
        fechado_em,
        particoes,
        precos,
        file_id,
        {{ add_days('data', 1) }} as dia_seguinte
    from ranked_closings
    where rank_of_day = 1
),

-- The days after which the next one is open.
ultimos_dias as (
    select dias.dia_seguinte
    from dias
    left join dias as seguintes on dias.dia_seguinte = seguintes.data
    where seguintes.data is null
),

dias_fechados as (
    select
        dias.data,
        dias.id_fechamento,
        dias.fechado_em,
        dias.particoes,
        dias.precos,
        dias.file_id,
        min(ultimos_dias.dia_seguinte) as proximo_dia_aberto
    from dias
    inner join ultimos_dias on dias.data < ultimos_dias.dia_seguinte
    group by dias.data, dias.id_fechamento, dias.fechado_em, dias.particoes, dias.precos, dias.file_id
)

select * from dias_fechados
