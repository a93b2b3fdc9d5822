{{ config(materialized='table') }}

-- file_version also names the policy, so that a changed policy judges again just the batches that it concerns.
with arquivos as (
    select * from {{ source('landing', 'arquivos') }}
    where source_name = 'cobranca'
),

politicas as (
    select * from {{ ref('politicas_credores') }}
),

lotes as (
    select
        *,
        {{ first_match('source_file', '[^/]+-[0-9]{8}-[0-9]{4,}') }} as id_lote,
        reference_period as recebida_em
    from arquivos
),

lotes_de_clientes as (
    select
        *,
        {{ replace_matches('id_lote', '-[0-9]{8}-[0-9]{4,}$', '') }} as id_cliente
    from lotes
),

politicas_de_lotes as (
    select
        lotes_de_clientes.file_id,
        max_by(politicas.prescritas, cast(politicas.valida_desde as date)) as prescritas
    from lotes_de_clientes
    inner join politicas
        on
            lotes_de_clientes.id_cliente = {{ clean_client('politicas.id_cliente_credor') }}
            and cast(politicas.valida_desde as date) <= lotes_de_clientes.recebida_em
    group by lotes_de_clientes.file_id
),

lotes_com_politica as (
    select
        lotes_de_clientes.*,
        coalesce(politicas_de_lotes.prescritas, 'registrar') as politica,
        cast(lotes_de_clientes.file_id as varchar) || ' ' || coalesce(politicas_de_lotes.prescritas, 'registrar')
            as file_version
    from lotes_de_clientes
    left join politicas_de_lotes on lotes_de_clientes.file_id = politicas_de_lotes.file_id
)

select * from lotes_com_politica
