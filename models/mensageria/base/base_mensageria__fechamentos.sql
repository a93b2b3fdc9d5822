{{ config(units='base_mensageria__arquivos', units_where="table_name = 'fechamentos'") }}

with landed as (
    select * from {{ source('mensageria', 'fechamentos') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_mensageria__arquivos') }}
    where table_name = 'fechamentos'
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
        {{ to_text('id_fechamento') }},
        {{ to_date('data') }},
        {{ to_timestamp('fechado_em') }},
        {{ to_text('particoes') }},
        {{ to_text('precos') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(
            source('mensageria', 'fechamentos'),
            rules={
                'particoes:not_a_list': "particoes not like '[%]'",
                'precos:not_a_list': "precos not like '[%]'"
            }
        ) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

fechamentos as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('mensageria', 'fechamentos')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        id_fechamento,
        data,
        fechado_em,
        particoes,
        precos
    from judged_rows
)

select * from fechamentos
