{{ config(materialized='view') }}

with versoes as (
    select * from {{ ref('historico_dividas') }}
    where is_current
),

dividas as (
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
        versao,
        avisos,
        linha_original
    from versoes
)

select * from dividas
