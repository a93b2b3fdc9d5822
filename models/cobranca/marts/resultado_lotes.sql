{{ config(materialized='by_version', unit='file_id', units='int_cobranca__arquivos') }}

{%- set resultados = ['registrada', 'prescrita', 'substituida', 'duplicada', 'rejeitada'] %}

-- What was received is what the counter found in the file; the other columns count the rows.
with arquivos as (
    select * from {{ ref('int_cobranca__reconciliacao') }}
    where true {{ and_unit_is_missing('file_id') }}
),

lotes as (
    select * from {{ ref('int_cobranca__arquivos') }}
),

dividas as (
    select * from {{ ref('base_cobranca__dividas') }}
    where true {{ and_unit_is_missing('file_id') }}
),

repetidas as (
    select * from {{ ref('base_cobranca__dividas_repeated') }}
),

linhas as (
    select
        dividas.file_id,
        dividas.valor_divida,
        case
            when dividas.reasons is not null then 'rejeitada'
            when repetidas.disposition = 'duplicate' then 'duplicada'
            when repetidas.disposition = 'superseded' then 'substituida'
            else dividas.situacao
        end as resultado
    from dividas
    left join repetidas
        on dividas.file_id = repetidas.file_id and dividas.line_number = repetidas.line_number
),

contagens as (
    select
        file_id,
        {%- for resultado in resultados %}
        count(case when resultado = '{{ resultado }}' then 1 end) as linhas_{{ resultado }}s,
        coalesce(sum(case when resultado = '{{ resultado }}' then valor_divida end), 0) as valor_{{ resultado }}s
        {{- ',' if not loop.last }}
        {%- endfor %}
    from linhas
    group by file_id
),

resultado_lotes as (
    select
        lotes.id_lote,
        lotes.id_cliente as id_cliente_credor,
        lotes.recebida_em,
        arquivos.raw_rows as linhas_recebidas,
        {%- for resultado in resultados %}
        coalesce(contagens.linhas_{{ resultado }}s, 0) as linhas_{{ resultado }}s,
        {%- endfor %}
        arquivos.refused_rows as linhas_recusadas,
        arquivos.raw_rows - arquivos.refused_rows
        {%- for resultado in resultados %} - coalesce(contagens.linhas_{{ resultado }}s, 0){% endfor %} as diferenca_linhas,
        arquivos.raw_amount as valor_recebido,
        {%- for resultado in resultados %}
        cast(coalesce(contagens.valor_{{ resultado }}s, 0) as decimal(18, 2)) as valor_{{ resultado[:-1] }}o,
        {%- endfor %}
        arquivos.refused_amount as valor_recusado,
        cast(
            arquivos.raw_amount - arquivos.refused_amount
            {%- for resultado in resultados %} - coalesce(contagens.valor_{{ resultado }}s, 0){% endfor %}
            as decimal(18, 2)
        ) as diferenca_valor,
        arquivos.file_id
    from arquivos
    inner join lotes on arquivos.file_id = lotes.file_id
    left join contagens on arquivos.file_id = contagens.file_id
)

select * from resultado_lotes
