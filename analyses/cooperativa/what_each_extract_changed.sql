-- How many versions did each extract open and close, and how many were valid on its date?
with versions as (
    {%- for name in ['associado', 'conta', 'cartao'] %}
    select
        '{{ name }}' as table_name,
        valid_from,
        valid_to
    from {{ ref('dim_' ~ name) }}
    where sk_{{ name }} <> -1
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

extracts as (
    select * from {{ ref('int_cooperativa__extratos') }}
    where table_name <> 'movimentacao_cartao'
)

select
    extracts.table_name,
    extracts.data_extrato,
    count(case when versions.valid_from = extracts.data_extrato then 1 end) as versoes_abertas,
    count(case when versions.valid_to = extracts.data_extrato then 1 end) as versoes_fechadas,
    count(
        case when extracts.data_extrato >= versions.valid_from and extracts.data_extrato < versions.valid_to then 1 end
    ) as versoes_vigentes
from extracts
left join versions on extracts.table_name = versions.table_name
group by extracts.table_name, extracts.data_extrato
order by extracts.table_name, extracts.data_extrato
