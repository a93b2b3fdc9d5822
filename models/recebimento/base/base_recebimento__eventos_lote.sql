{{ config(units='base_recebimento__arquivos', units_where="table_name = 'eventos_lote'") }}

with landed as (
    select * from {{ source('recebimento', 'eventos_lote') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_recebimento__arquivos') }}
    where table_name = 'eventos_lote'
),

raw_rows as (
    select
        landed.*,
        arquivos.reference_period
    from landed
    inner join arquivos on landed.file_id = arquivos.file_id
),

typed_rows as (
    select
        {{ lineage_columns() }},
        {{ to_text('id_lote') }},
        {{ to_whole_number('sequencia') }},
        {{ to_text('evento') }},
        {{ to_timestamp('ocorrido_em') }},
        {{ to_text('dados') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('recebimento', 'eventos_lote'), rules={
            'id_lote:not_a_batch_id': 'not ' ~ matches('id_lote', '[^/ ]+-[0-9]{8}-[0-9]{4,}'),
            'evento:unknown_event': "evento not in (
                'recebido', 'em_validacao', 'aceito', 'recusado', 'duplicado', 'processando', 'concluido',
                'concluido_com_rejeicoes', 'falhou', 'cancelado', 'retomado', 'notificado', 'expirado'
            )",
        }) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

eventos as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('recebimento', 'eventos_lote')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        id_lote,
        sequencia,
        evento,
        ocorrido_em,
        dados
    from judged_rows
)

select * from eventos
