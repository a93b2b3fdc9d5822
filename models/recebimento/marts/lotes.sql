with lotes as (
    select * from {{ ref('int_recebimento__lotes') }}
),

julgados as (
    select * from {{ ref('int_recebimento__lotes_julgados') }}
),

estados as (
    select * from {{ ref('estados_lote') }}
),

status_abertos as (
    select distinct status_atual as status
    from estados
),

-- The dispositions close a batch as if they were its last event. They also count its rows, as long as the raw file is
-- the one that it published.
lotes_contados as (
    select
        lotes.id_lote,
        lotes.source_name,
        lotes.table_name,
        lotes.id_cliente,
        lotes.canal,
        lotes.arquivo,
        lotes.conteudo_sha256,
        lotes.formato,
        lotes.versao_formato,
        coalesce(estados.status, lotes.status) as status,
        case when estados.status is null then lotes.motivo end as motivo,
        lotes.recebido_em,
        case when status_abertos.status is null then lotes.status_desde end as concluido_em,
        case
            when julgados.id_lote is not null then julgados.linhas_recebidas
            else coalesce(lotes.linhas_recebidas, lotes.linhas_aceitas)
        end as linhas_recebidas,
        case when julgados.id_lote is not null then julgados.linhas_processadas else lotes.linhas_processadas end
            as linhas_processadas,
        case when julgados.id_lote is not null then julgados.linhas_com_falha else lotes.linhas_com_falha end
            as linhas_com_falha,
        case
            when julgados.id_lote is not null then julgados.valor_recebido
            else coalesce(lotes.valor_recebido, lotes.valor_aceito)
        end as valor_recebido,
        case when julgados.id_lote is not null then julgados.valor_processado else lotes.valor_processado end
            as valor_processado,
        lotes.destino,
        julgados.id_lote is not null as is_current,
        lotes.substitui,
        lotes.lote_corrigido,
        lotes.lote_original
    from lotes
    left join julgados on lotes.id_lote = julgados.id_lote
    left join estados on lotes.status = estados.status_atual and julgados.fechamento = estados.evento
    left join status_abertos on lotes.status = status_abertos.status
)

select * from lotes_contados
