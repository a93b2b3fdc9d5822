{{ config(units='base_cooperativa__arquivos', units_where="table_name = 'movimentacao_cartao'") }}

with landed as (
    select * from {{ source('cooperativa', 'movimentacao_cartao') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_cooperativa__arquivos') }}
    where table_name = 'movimentacao_cartao'
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
        {{ to_text('id_movimentacao') }},
        {{ to_text('id_cartao') }},
        {{ to_amount('valor_movimentacao') }},
        {{ to_text('descricao_movimentacao') }},
        {{ to_timestamp('data_movimentacao') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('cooperativa', 'movimentacao_cartao'), rules={
            'data_movimentacao:before_calendar': "data_movimentacao >= date '1900-01-01' and data_movimentacao < date '1990-01-01'",
        }) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

movimentacoes as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('cooperativa', 'movimentacao_cartao')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        id_movimentacao,
        id_cartao,
        valor_movimentacao,
        descricao_movimentacao,
        data_movimentacao
    from judged_rows
)

select * from movimentacoes
