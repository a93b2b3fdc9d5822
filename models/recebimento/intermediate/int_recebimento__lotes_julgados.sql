with aceites as (
    select * from {{ ref('int_recebimento__lote_eventos') }}
    where evento = 'aceito'
),

arquivos as (
    select * from {{ ref('reconciliacao') }}
),

ultimos_aceites as (
    select
        id_lote,
        max_by(dados, ordem) as dados
    from aceites
    group by id_lote
),

publicados as (
    select
        id_lote,
        {{ map_value(map_from_json('dados'), 'destino') }} as destino,
        {{ map_value(map_from_json('dados'), 'raw_sha256') }} as raw_sha256
    from ultimos_aceites
),

-- The content is compared too: a newer version may stand in the same place.
lotes_julgados as (
    select
        publicados.id_lote,
        arquivos.source_file as destino,
        case
            when arquivos.problem is not null then 'falhou'
            when arquivos.rejected_rows + arquivos.refused_rows > 0 then 'concluido_com_rejeicoes'
            else 'concluido'
        end as fechamento,
        arquivos.raw_rows as linhas_recebidas,
        arquivos.accepted_rows + arquivos.superseded_rows + arquivos.duplicate_rows as linhas_processadas,
        arquivos.rejected_rows + arquivos.refused_rows as linhas_com_falha,
        arquivos.raw_amount as valor_recebido,
        cast(arquivos.accepted_amount + arquivos.superseded_amount + arquivos.duplicate_amount as decimal(18, 2))
            as valor_processado
    from publicados
    inner join arquivos
        on publicados.destino = arquivos.source_file and publicados.raw_sha256 = arquivos.content_hash
)

select * from lotes_julgados
