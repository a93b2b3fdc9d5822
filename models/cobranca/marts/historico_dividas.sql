{{ config(
    materialized='by_version',
    unit='file_id',
    unit_version='file_version',
    units='base_cobranca__arquivos',
    key=['id_cliente_credor', 'id_divida', 'versao']
) }}

-- Within a debt versions never become fewer by a new file, so a new file replaces them by number.
-- depends_on: {{ ref('int_cobranca__reconciliacao') }}
with dividas_novas as (
    select * from {{ ref('base_cobranca__dividas') }}
    where reasons is null {{ and_unit_is_missing('file_id') }}
),

touched_keys as (
    select distinct
        id_cliente_credor,
        id_divida
    from dividas_novas
),

dividas as (
    select * from {{ ref('stg_cobranca__dividas') }}
    where {{ is_touched('(id_cliente_credor, id_divida)') }}
),

arquivos as (
    select * from {{ ref('base_cobranca__arquivos') }}
),

versoes as (
    select
        dividas.*,
        arquivos.id_lote,
        arquivos.recebida_em,
        row_number() over (
            partition by dividas.id_cliente_credor, dividas.id_divida
            order by arquivos.reference_period, arquivos.source_file, dividas.line_number
        ) as versao
    from dividas
    inner join arquivos on dividas.file_id = arquivos.file_id
),

versoes_com_validade as (
    select
        *,
        lead(recebida_em) over (partition by id_cliente_credor, id_divida order by versao) as substituida_em
    from versoes
),

historico as (
    select
        id_cliente_credor,
        id_divida,
        id_lote,
        documento_devedor,
        tipo_documento,
        nome_devedor,
        email_devedor,
        valor_divida,
        data_vencimento,
        situacao,
        recebida_em,
        cast(versao as integer) as versao,
        warnings as avisos,
        recebida_em as valid_from,
        coalesce(substituida_em, date '9999-12-31') as valid_to,
        substituida_em is null as is_current,
        linha_original,
        file_id,
        line_number
    from versoes_com_validade
)

select * from historico
