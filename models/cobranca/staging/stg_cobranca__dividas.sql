with dividas as (
    select * from {{ ref('base_cobranca__dividas') }}
    where reasons is null
),

duplicadas as (
    select * from {{ ref('base_cobranca__dividas_repeated') }}
    where disposition = 'duplicate'
),

versoes as (
    select
        dividas.id_cliente_credor,
        dividas.id_divida,
        dividas.documento_devedor,
        dividas.tipo_documento,
        dividas.nome_devedor,
        dividas.email_devedor,
        dividas.valor_divida,
        dividas.situacao,
        dividas.warnings,
        dividas.data_vencimento,
        dividas.linha_original,
        dividas.file_id,
        dividas.line_number
    from dividas
    left join duplicadas
        on dividas.file_id = duplicadas.file_id and dividas.line_number = duplicadas.line_number
    where duplicadas.file_id is null
)

select * from versoes
