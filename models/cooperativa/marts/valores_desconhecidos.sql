{%- set domains = {
    'associado': ('stg_cooperativa__associados', ['estado_civil', 'escolaridade']),
    'conta': ('stg_cooperativa__contas', ['tipo_conta', 'situacao_conta']),
    'cartao': ('stg_cooperativa__cartoes', ['bandeira_cartao', 'tipo_cartao']),
} -%}
with valores as (
    {%- for table_name, (rows, columns) in domains.items() %}
    {%- set last = loop.last %}
    {%- for column in columns %}
    select
        '{{ table_name }}' as table_name,
        '{{ column }}' as coluna,
        {{ column }} as valor,
        data_extrato
    from {{ ref(rows) }}
    where ',' || valores_desconhecidos || ',' like '%,{{ column }},%'
    {{- ' union all' if not (last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
)

select
    table_name,
    coluna,
    valor,
    count(*) as linhas,
    min(data_extrato) as primeiro_extrato,
    max(data_extrato) as ultimo_extrato
from valores
group by table_name, coluna, valor
