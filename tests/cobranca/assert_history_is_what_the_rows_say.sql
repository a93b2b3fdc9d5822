-- Invariant: the versions built file by file equal those found by joining each valid row with the one before it.
{{ config(tags=['audit']) }}

with numbered_rows as (
    select
        dividas.*,
        arquivos.id_lote,
        arquivos.recebida_em,
        row_number() over (
            partition by dividas.id_cliente_credor, dividas.id_divida
            order by arquivos.reference_period, arquivos.source_file, dividas.line_number
        ) as posicao
    from {{ ref('base_cobranca__dividas') }} as dividas
    inner join {{ ref('base_cobranca__arquivos') }} as arquivos on dividas.file_id = arquivos.file_id
    where dividas.reasons is null
),

changed_rows as (
    select this_row.*
    from numbered_rows as this_row
    left join numbered_rows as row_before
        on
            this_row.id_cliente_credor = row_before.id_cliente_credor
            and this_row.id_divida = row_before.id_divida
            and this_row.posicao = row_before.posicao + 1
    where
        row_before.posicao is null
        or this_row.nome_devedor <> row_before.nome_devedor
        or this_row.documento_devedor <> row_before.documento_devedor
        or this_row.email_devedor is distinct from row_before.email_devedor
        or this_row.valor_divida <> row_before.valor_divida
        or this_row.data_vencimento <> row_before.data_vencimento
),

numbered_versions as (
    select
        *,
        rank() over (partition by id_cliente_credor, id_divida order by posicao) as versao
    from changed_rows
),

versions as (
    select
        this_one.id_cliente_credor,
        this_one.id_divida,
        this_one.versao,
        this_one.id_lote,
        this_one.line_number,
        this_one.documento_devedor,
        this_one.valor_divida,
        this_one.data_vencimento,
        case
            when {{ add_months('this_one.data_vencimento', 60) }} >= this_one.recebida_em then 'registrada'
            else 'prescrita'
        end as situacao,
        this_one.recebida_em as valid_from,
        coalesce(next_one.recebida_em, date '9999-12-31') as valid_to
    from numbered_versions as this_one
    left join numbered_versions as next_one
        on
            this_one.id_cliente_credor = next_one.id_cliente_credor
            and this_one.id_divida = next_one.id_divida
            and this_one.versao + 1 = next_one.versao
),

built_versions as (
    select
        id_cliente_credor,
        id_divida,
        versao,
        id_lote,
        line_number,
        documento_devedor,
        valor_divida,
        data_vencimento,
        situacao,
        valid_from,
        valid_to
    from {{ ref('historico_dividas') }}
)

select
    id_cliente_credor,
    id_divida,
    versao
from (
    select * from versions
    except
    select * from built_versions
) as not_built
union all
select
    id_cliente_credor,
    id_divida,
    versao
from (
    select * from built_versions
    except
    select * from versions
) as not_in_the_rows
