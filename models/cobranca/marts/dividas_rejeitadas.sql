{{ config(materialized='view') }}

with dividas as (
    select * from {{ ref('base_cobranca__dividas') }}
    where reasons is not null
),

arquivos as (
    select * from {{ ref('base_cobranca__arquivos') }}
),

palavras as (
    select * from {{ ref('rejection_reasons') }}
),

-- Many rows have the same reasons, so each combination is put into words once. No row has more than 12.
combinacoes as (
    select distinct reasons
    from dividas
),

posicoes as (
    select numeros.posicao
    from (values (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)) as numeros (posicao)
),

motivos as (
    select
        combinacoes.reasons,
        posicoes.posicao,
        split_part(combinacoes.reasons, ',', posicoes.posicao) as motivo
    from combinacoes
    cross join posicoes
    where split_part(combinacoes.reasons, ',', posicoes.posicao) <> ''
),

mensagens_de_motivos as (
    select
        motivos.reasons,
        motivos.posicao,
        coalesce(
            replace(split_part(motivos.motivo, ':', 1), 'row', 'linha')
            || ': ' || palavras.meaning_pt || ' ' || palavras.remedy_pt,
            motivos.motivo
        ) as mensagem
    from motivos
    left join palavras on split_part(motivos.motivo, ':', 2) = palavras.reason
),

mensagens as (
    select
        reasons,
        {{ dbt.listagg('mensagem', "' '", 'order by posicao') }} as mensagens
    from mensagens_de_motivos
    group by reasons
),

rejeitadas as (
    select
        arquivos.id_lote,
        arquivos.id_cliente as id_cliente_credor,
        dividas.linha_original,
        dividas.reasons as motivos,
        mensagens.mensagens,
        dividas.id_divida_cell as id_divida,
        dividas.nome_devedor_cell as nome_devedor,
        dividas.documento_devedor_cell as documento_devedor,
        dividas.email_devedor_cell as email_devedor,
        dividas.valor_divida_cell as valor_divida,
        dividas.data_vencimento_cell as data_vencimento,
        dividas.texto_original_cell as texto_original,
        arquivos.recebida_em,
        dividas.valor_divida as valor_lido,
        arquivos.source_file,
        dividas.line_number
    from dividas
    inner join arquivos on dividas.file_id = arquivos.file_id
    left join mensagens on dividas.reasons = mensagens.reasons
)

select * from rejeitadas
