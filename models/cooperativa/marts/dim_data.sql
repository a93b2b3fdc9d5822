with dias as (
    select dia
    from {{ day_series("date '1990-01-01'", "date '2100-12-31'", 'dias', 'dia') }}
),

anos as (
    select distinct year(dia) as ano
    from dias
),

-- Easter Sunday by the Gauss algorithm, which names d and e. Its N is 5 from 1900 to 2099 and 6 in 2100.
epacts as (
    select
        ano,
        (19 * (ano % 19) + 24) % 30 as d
    from anos
),

easters as (
    select
        ano,
        d,
        (2 * (ano % 4) + 4 * (ano % 7) + 6 * d + case when ano < 2100 then 5 else 6 end) % 7 as e
    from epacts
),

pascoas as (
    select
        ano,
        {{ add_days("cast(cast(ano as varchar) || '-03-22' as date)", "(d + e - case
            when d = 29 and e = 6 then 7
            when d = 28 and e = 6 and ano % 19 > 10 then 7
            else 0
        end)") }} as pascoa
    from easters
),

feriados as (
    select
        dias.dia,
        month(dias.dia) * 100 + day(dias.dia) as mes_e_dia,
        pascoas.ano,
        pascoas.pascoa
    from dias
    inner join pascoas on year(dias.dia) = pascoas.ano
),

calendario as (
    select
        dia,
        ano,
        case
            when mes_e_dia = 101 then 'Confraternização Universal'
            when dia = {{ add_days('pascoa', -2) }} then 'Paixão de Cristo'
            when mes_e_dia = 421 then 'Tiradentes'
            when mes_e_dia = 501 then 'Dia do Trabalho'
            when mes_e_dia = 907 then 'Independência do Brasil'
            when mes_e_dia = 1012 then 'Nossa Senhora Aparecida'
            when mes_e_dia = 1102 then 'Finados'
            when mes_e_dia = 1115 then 'Proclamação da República'
            when mes_e_dia = 1120 and ano >= 2024 then 'Dia Nacional de Zumbi e da Consciência Negra'
            when mes_e_dia = 1225 then 'Natal'
        end as feriado_nacional,
        -- Days on which only banks close.
        case
            when dia in ({{ add_days('pascoa', -48) }}, {{ add_days('pascoa', -47) }}) then 'Carnaval'
            when dia = {{ add_days('pascoa', 60) }} then 'Corpus Christi'
        end as feriado_bancario
    from feriados
),

datas as (
    select
        ano * 10000 + month(dia) * 100 + day(dia) as sk_data,
        dia as data, -- noqa: RF04
        ano,
        cast((month(dia) + 2 - (month(dia) + 2) % 3) / 3 as integer) as trimestre,
        month(dia) as mes,
        day(dia) as dia,
        {{ iso_weekday('dia') }} as dia_da_semana,
        {{ first_of_month('dia') }} as primeiro_dia_do_mes,
        feriado_nacional,
        feriado_bancario,
        {{ iso_weekday('dia') }} < 6 and feriado_nacional is null and feriado_bancario is null as dia_util
    from calendario
)

select * from datas
