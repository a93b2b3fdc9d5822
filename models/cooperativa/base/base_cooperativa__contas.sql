{{ config(units='base_cooperativa__arquivos', units_where="table_name = 'conta'") }}

with raw_rows as (
    {{ landed_rows('cooperativa', 'conta') }}
),

typed_rows as (
    select
        {{ lineage_columns() }},
        {{ to_text('id_conta') }},
        {{ to_text('id_associado') }},
        {{ to_text('tipo_conta') }},
        {{ to_text('agencia') }},
        {{ to_text('situacao_conta') }},
        {{ to_date('data_criacao_conta') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('cooperativa', 'conta')) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
)

select
    file_id,
    line_number,
    {{ text_of_rejected(source('cooperativa', 'conta')) }} as raw_row,
    reasons,
    warnings,
    extra_columns,
    id_conta,
    id_associado,
    tipo_conta,
    agencia,
    situacao_conta,
    data_criacao_conta
from judged_rows
