{{ config(units='base_cooperativa__arquivos', units_where="table_name = 'cartao'") }}

with landed as (
    select * from {{ source('cooperativa', 'cartao') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_cooperativa__arquivos') }}
    where table_name = 'cartao'
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
        {{ to_text('id_cartao') }},
        {{ to_text('id_conta') }},
        {{ to_text('id_associado') }},
        {{ to_text('numero_cartao') }},
        {{ to_text('nome_impresso_cartao') }},
        {{ to_text('bandeira_cartao') }},
        {{ to_text('tipo_cartao') }},
        {{ to_date('data_criacao_cartao') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('cooperativa', 'cartao')) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

cartoes as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('cooperativa', 'cartao')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        id_cartao,
        id_conta,
        id_associado,
        numero_cartao,
        nome_impresso_cartao,
        bandeira_cartao,
        tipo_cartao,
        data_criacao_cartao
    from judged_rows
)

select * from cartoes
