{{ config(units='base_mensageria__arquivos', units_where="table_name = 'lacunas'") }}

with landed as (
    select * from {{ source('mensageria', 'lacunas') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_mensageria__arquivos') }}
    where table_name = 'lacunas'
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
        {{ to_text('topico') }},
        {{ to_whole_number('particao') }},
        {{ to_whole_number('de_offset') }},
        {{ to_whole_number('ate_offset') }},
        {{ to_timestamp('detectado_em') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(
            source('mensageria', 'lacunas'),
            rules={'ate_offset:before_de_offset': 'ate_offset < de_offset'}
        ) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

lacunas as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('mensageria', 'lacunas')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        topico,
        particao,
        de_offset,
        ate_offset,
        detectado_em
    from judged_rows
)

select * from lacunas
