{{ config(units='base_cooperativa__arquivos', units_where="table_name = 'movimentacao_cartao'") }}

with raw_rows as (
    {{ landed_rows('cooperativa', 'movimentacao_cartao') }}
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
)

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
