{{ config(units='base_recebimento__arquivos', units_where="table_name = 'verificacoes'") }}

with landed as (
    select * from {{ source('recebimento', 'verificacoes') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_recebimento__arquivos') }}
    where table_name = 'verificacoes'
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
        {{ to_date('verificado_em') }},
        {{ to_text('source_name') }},
        {{ to_text('table_name') }},
        {{ to_date('periodo') }},
        {{ to_date('vence_em') }},
        {{ to_text('situacao') }},
        {{ to_text('arquivo') }}
    from raw_rows
),

judged_rows as (
    select
        *,
        {{ reasons(source('recebimento', 'verificacoes'), rules={
            'situacao:unknown_situation': "situacao not in ('no_prazo', 'pendente', 'atrasado', 'inesperado')",
        }) }} as reasons,
        {{ warnings() }} as warnings
    from typed_rows
),

verificacoes as (
    select
        file_id,
        line_number,
        {{ text_of_rejected(source('recebimento', 'verificacoes')) }} as raw_row,
        reasons,
        warnings,
        extra_columns,
        verificado_em,
        source_name,
        table_name,
        periodo,
        vence_em,
        situacao,
        arquivo
    from judged_rows
)

select * from verificacoes
