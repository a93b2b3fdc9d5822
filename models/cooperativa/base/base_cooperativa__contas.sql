{{ config(units='base_cooperativa__arquivos', units_where="table_name = 'conta'") }}

with landed as (
    select * from {{ source('cooperativa', 'conta') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_cooperativa__arquivos') }}
    where table_name = 'conta'
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
),

contas as (
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
)

select * from contas
