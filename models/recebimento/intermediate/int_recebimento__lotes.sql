{{ config(materialized='table') }}

with eventos as (
    select * from {{ ref('int_recebimento__lote_eventos') }}
),

eventos_com_tabela as (
    select
        *,
        {{ map_value(map_from_json('dados'), 'source_name') }} is not null as nomeia_tabela
    from eventos
),

-- What an event tells is never NULL, so the engines agree on which event max_by takes it from.
lotes_com_dados as (
    select
        id_lote,
        max_by(status, ordem) as status,
        max_by(ocorrido_em, ordem) filter (where status <> status_anterior) as status_desde,
        max_by(dados, ordem) filter (where status <> status_anterior) as da_mudanca,
        min_by(ocorrido_em, ordem) filter (where evento = 'recebido') as recebido_em,
        min_by(dados, ordem) filter (where evento = 'recebido') as da_recepcao,
        max_by(dados, ordem) filter (where nomeia_tabela) as da_tabela,
        max_by(dados, ordem) filter (where evento = 'aceito') as do_aceite,
        max_by(dados, ordem) filter (where evento = 'duplicado') as da_duplicata,
        max_by(dados, ordem) filter (where evento in ('concluido', 'concluido_com_rejeicoes', 'falhou'))
            as do_fechamento
    from eventos_com_tabela
    group by id_lote
),

lotes as (
    select
        id_lote,
        {{ map_value(map_from_json('da_tabela'), 'source_name') }} as source_name,
        {{ map_value(map_from_json('da_tabela'), 'table_name') }} as table_name,
        coalesce(
            {{ map_value(map_from_json('da_recepcao'), 'id_cliente') }},
            {{ replace_matches('id_lote', '-[0-9]{8}-[0-9]{4,}$', '') }}
        ) as id_cliente,
        {{ map_value(map_from_json('da_recepcao'), 'canal') }} as canal,
        {{ map_value(map_from_json('da_recepcao'), 'arquivo') }} as arquivo,
        {{ map_value(map_from_json('da_recepcao'), 'conteudo_sha256') }} as conteudo_sha256,
        {{ map_value(map_from_json('do_aceite'), 'formato') }} as formato,
        {{ map_value(map_from_json('do_aceite'), 'versao_formato') }} as versao_formato,
        {{ map_value(map_from_json('do_aceite'), 'destino') }} as destino,
        {{ map_value(map_from_json('do_aceite'), 'substitui') }} as substitui,
        {{ map_value(map_from_json('do_aceite'), 'corrige') }} as lote_corrigido,
        {{ map_value(map_from_json('da_duplicata'), 'lote_original') }} as lote_original,
        status,
        status_desde,
        {{ map_value(map_from_json('da_mudanca'), 'motivo') }} as motivo,
        recebido_em,
        {{ parse_whole_number(map_value(map_from_json('do_aceite'), 'linhas')) }} as linhas_aceitas,
        {{ parse_amount(map_value(map_from_json('do_aceite'), 'valor')) }} as valor_aceito,
        {{ parse_whole_number(map_value(map_from_json('do_fechamento'), 'linhas_recebidas')) }} as linhas_recebidas,
        {{ parse_whole_number(map_value(map_from_json('do_fechamento'), 'linhas_processadas')) }} as linhas_processadas,
        {{ parse_whole_number(map_value(map_from_json('do_fechamento'), 'linhas_com_falha')) }} as linhas_com_falha,
        {{ parse_amount(map_value(map_from_json('do_fechamento'), 'valor_recebido')) }} as valor_recebido,
        {{ parse_amount(map_value(map_from_json('do_fechamento'), 'valor_processado')) }} as valor_processado
    from lotes_com_dados
)

select * from lotes
