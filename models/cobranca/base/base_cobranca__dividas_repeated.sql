{{ config(
    units='base_cobranca__arquivos',
    unit_version='file_version',
    key=['id_cliente_credor', 'id_divida', 'posicao_repetida'],
    unit_rows='null'
) }}

{%- set content = ['nome_devedor', 'documento_devedor', 'email_devedor', 'valor_divida', 'data_vencimento'] %}

-- A debt that goes back to earlier values has a new version, so a row is compared with the one before it, unlike in
-- repeated_rows. A row that comes late can make a duplicate the current version; it then takes its place in this table.
-- Among the repeated rows of a debt the places 1, 2, … never become fewer, so that no place stays behind.
with accepted_rows as (
    select * from {{ ref('base_cobranca__dividas') }}
    where reasons is null
),

arquivos as (
    select * from {{ ref('base_cobranca__arquivos') }}
),

touched_keys as (
    select
        id_cliente_credor,
        id_divida
    from accepted_rows
    where true {{ and_unit_is_missing('file_id') }}
),

repeated_keys as (
    select
        id_cliente_credor,
        id_divida
    from accepted_rows
    where {{ is_touched('(id_cliente_credor, id_divida)') }}
    group by id_cliente_credor, id_divida
    having count(*) > 1
),

candidate_rows as (
    select
        accepted_rows.*,
        {{ content_of(content) }} as conteudo,
        row_number() over (
            partition by accepted_rows.id_cliente_credor, accepted_rows.id_divida
            order by arquivos.reference_period, arquivos.source_file, accepted_rows.line_number
        ) as posicao
    from accepted_rows
    inner join repeated_keys
        on
            accepted_rows.id_cliente_credor = repeated_keys.id_cliente_credor
            and accepted_rows.id_divida = repeated_keys.id_divida
    inner join arquivos on accepted_rows.file_id = arquivos.file_id
),

compared_rows as (
    select
        *,
        posicao > 1 and conteudo = lag(conteudo) over (
            partition by id_cliente_credor, id_divida
            order by posicao
        ) as repete_anterior
    from candidate_rows
),

located_rows as (
    select
        *,
        max(case when not repete_anterior then posicao end) over (partition by id_cliente_credor, id_divida)
            as posicao_aceita
    from compared_rows
),

ranked_rows as (
    select
        *,
        max(case when posicao = posicao_aceita then file_id end) over (partition by id_cliente_credor, id_divida)
            as kept_file_id
    from located_rows
),

repeated_rows as (
    select
        file_id,
        line_number,
        id_cliente_credor,
        id_divida,
        data_vencimento,
        kept_file_id,
        case when repete_anterior then 'duplicate' else 'superseded' end as disposition,
        case when posicao < posicao_aceita then posicao else posicao - 1 end as posicao_repetida
    from ranked_rows
    where posicao <> posicao_aceita
)

select * from repeated_rows
