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
    select distinct status_atual
    from estados
),

-- The dispositions close a batch as its last event would.
lotes_fechados as (
    select
        lotes.*,
        coalesce(estados.status, lotes.status) as status_fechado,
        status_abertos.status_atual is null as is_final
    from lotes
    left join julgados on lotes.id_lote = julgados.id_lote
    left join estados on lotes.status = estados.status_atual and julgados.fechamento = estados.evento
    left join status_abertos on lotes.status = status_abertos.status_atual
),

lotes_contados as (
    select
        lotes_fechados.id_lote,
        lotes_fechados.source_name,
        lotes_fechados.table_name,
        lotes_fechados.id_cliente,
        lotes_fechados.canal,
        lotes_fechados.arquivo,
        lotes_fechados.conteudo_sha256,
        lotes_fechados.formato,
        lotes_fechados.versao_formato,
        lotes_fechados.status_fechado as status,
        case when lotes_fechados.status_fechado = lotes_fechados.status then lotes_fechados.motivo end as motivo,
        lotes_fechados.recebido_em,
        case when lotes_fechados.is_final then lotes_fechados.status_desde end as concluido_em,
        lotes_fechados.destino,
        lotes_fechados.substitui,
        lotes_fechados.lote_original,
        julgados.id_lote is not null as is_current_file,
        case
            when julgados.id_lote is not null then julgados.linhas_recebidas
            else coalesce(lotes_fechados.linhas_recebidas, lotes_fechados.linhas_aceitas)
        end as linhas_recebidas,
        case
            when julgados.id_lote is not null then julgados.linhas_processadas else lotes_fechados.linhas_processadas
        end as linhas_processadas,
        case
            when julgados.id_lote is not null then julgados.linhas_com_falha else lotes_fechados.linhas_com_falha
        end as linhas_com_falha,
        case
            when julgados.id_lote is not null then julgados.valor_recebido
            else coalesce(lotes_fechados.valor_recebido, lotes_fechados.valor_aceito)
        end as valor_recebido,
        case
            when julgados.id_lote is not null then julgados.valor_processado else lotes_fechados.valor_processado
        end as valor_processado
    from lotes_fechados
    left join julgados on lotes_fechados.id_lote = julgados.id_lote
)

select * from lotes_contados
