with eventos as (
    select * from {{ ref('int_recebimento__lote_eventos') }}
),

lote_eventos as (
    select
        id_lote,
        sequencia,
        evento,
        ocorrido_em,
        status_anterior,
        status,
        {{ map_value(map_from_json('dados'), 'motivo') }} as motivo,
        {{ map_value(map_from_json('dados'), 'mensagem') }} as mensagem,
        {{ map_value(map_from_json('dados'), 'arquivo') }} as arquivo,
        {{ map_value(map_from_json('dados'), 'lote_original') }} as lote_original,
        {{ map_value(map_from_json('dados'), 'origem') }} as origem
    from eventos
)

select * from lote_eventos
