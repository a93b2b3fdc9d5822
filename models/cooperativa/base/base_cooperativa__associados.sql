{{ config(units='base_cooperativa__arquivos', units_where="table_name = 'associado'") }}

with landed as (
    select * from {{ source('cooperativa', 'associado') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_cooperativa__arquivos') }}
    where table_name = 'associado'
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
        {{ to_text('id_associado') }},
        {{ to_text('nome') }},
        {{ to_text('sobrenome') }},
        {{ to_date('data_nascimento') }},
        {{ to_text('estado_civil') }},
        {{ to_text('escolaridade') }},
        {{ to_text('email') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('cooperativa', 'associado')) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

associados as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('cooperativa', 'associado')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        id_associado,
        nome,
        sobrenome,
        data_nascimento,
        estado_civil,
        escolaridade,
        email
    from judged_rows
)

select * from associados
