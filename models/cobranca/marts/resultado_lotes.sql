{{ config(materialized='by_version', unit='file_id', units='int_cobranca__arquivos') }}

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
        coalesce(dividas.valor_divida, 0) as valor_divida,
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
        count(case when resultado = 'registrada' then 1 end) as linhas_registradas,
        sum(case when resultado = 'registrada' then valor_divida else 0 end) as valor_registrado,
        count(case when resultado = 'prescrita' then 1 end) as linhas_prescritas,
        sum(case when resultado = 'prescrita' then valor_divida else 0 end) as valor_prescrito,
        count(case when resultado = 'substituida' then 1 end) as linhas_substituidas,
        sum(case when resultado = 'substituida' then valor_divida else 0 end) as valor_substituido,
        count(case when resultado = 'duplicada' then 1 end) as linhas_duplicadas,
        sum(case when resultado = 'duplicada' then valor_divida else 0 end) as valor_duplicado,
        count(case when resultado = 'rejeitada' then 1 end) as linhas_rejeitadas,
        sum(case when resultado = 'rejeitada' then valor_divida else 0 end) as valor_rejeitado
    from linhas
    group by file_id
),

lotes_contados as (
    select
        lotes.id_lote,
        lotes.id_cliente as id_cliente_credor,
        lotes.recebida_em,
        arquivos.raw_rows as linhas_recebidas,
        coalesce(contagens.linhas_registradas, 0) as linhas_registradas,
        coalesce(contagens.linhas_prescritas, 0) as linhas_prescritas,
        coalesce(contagens.linhas_substituidas, 0) as linhas_substituidas,
        coalesce(contagens.linhas_duplicadas, 0) as linhas_duplicadas,
        coalesce(contagens.linhas_rejeitadas, 0) as linhas_rejeitadas,
        arquivos.refused_rows as linhas_recusadas,
        arquivos.raw_amount as valor_recebido,
        cast(coalesce(contagens.valor_registrado, 0) as decimal(18, 2)) as valor_registrado,
        cast(coalesce(contagens.valor_prescrito, 0) as decimal(18, 2)) as valor_prescrito,
        cast(coalesce(contagens.valor_substituido, 0) as decimal(18, 2)) as valor_substituido,
        cast(coalesce(contagens.valor_duplicado, 0) as decimal(18, 2)) as valor_duplicado,
        cast(coalesce(contagens.valor_rejeitado, 0) as decimal(18, 2)) as valor_rejeitado,
        arquivos.refused_amount as valor_recusado,
        arquivos.file_id
    from arquivos
    inner join lotes on arquivos.file_id = lotes.file_id
    left join contagens on arquivos.file_id = contagens.file_id
),

resultado_lotes as (
    select
        id_lote,
        id_cliente_credor,
        recebida_em,
        linhas_recebidas,
        linhas_registradas,
        linhas_prescritas,
        linhas_substituidas,
        linhas_duplicadas,
        linhas_rejeitadas,
        linhas_recusadas,
        linhas_recebidas - linhas_registradas - linhas_prescritas - linhas_substituidas - linhas_duplicadas
        - linhas_rejeitadas - linhas_recusadas as diferenca_linhas,
        valor_recebido,
        valor_registrado,
        valor_prescrito,
        valor_substituido,
        valor_duplicado,
        valor_rejeitado,
        valor_recusado,
        cast(
            valor_recebido - valor_registrado - valor_prescrito - valor_substituido - valor_duplicado
            - valor_rejeitado - valor_recusado as decimal(18, 2)
        ) as diferenca_valor,
        file_id
    from lotes_contados
)

select * from resultado_lotes
