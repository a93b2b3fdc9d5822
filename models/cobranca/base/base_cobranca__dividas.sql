{{ config(units='base_cobranca__arquivos', unit_version='file_version') }}

-- A line that the gate could not split has its problem as the only reason, and its own text.
with landed as (
    select * from {{ source('cobranca', 'dividas') }}
    where true {{ and_unit_is_missing('file_id') }}
),

arquivos as (
    select * from {{ ref('base_cobranca__arquivos') }}
),

raw_rows as (
    select
        landed.*,
        arquivos.reference_period,
        arquivos.id_cliente,
        arquivos.politica
    from landed
    inner join arquivos on landed.file_id = arquivos.file_id
),

typed_rows as (
    select
        {{ lineage_columns() }},
        id_cliente,
        politica,
        {{ to_text('id_cliente_credor') }},
        {{ to_text('id_divida') }},
        {{ to_text('nome_devedor') }},
        {{ to_text('documento_devedor') }},
        {{ clean_document('documento_devedor') }} as documento_limpo,
        {{ to_text('email_devedor') }},
        {{ to_amount('valor_divida') }},
        {{ to_date('data_vencimento') }},
        {{ to_whole_number('linha_original') }},
        {{ to_text('problema_linha') }},
        {{ to_text('texto_original') }}
    from raw_rows
),

possible_documents as (
    select
        *,
        {{ possible_document('documento_limpo') }} as documento_possivel
    from typed_rows
),

checked_rows as (
    select
        *,
        {{ document_problem('documento_possivel') }} as problema_documento,
        case when {{ matches('problema_linha', 'row:[a-z_]+') }} then problema_linha end as problema,
        coalesce({{ is_prescribed('data_vencimento', 'reference_period') }}, false) as prescreveu
    from possible_documents
),

judged_rows as (
    select
        *,
        case when problema_documento is null then documento_possivel end as documento,
        coalesce(problema, {{ reasons(source('cobranca', 'dividas'), rules={
            'id_cliente_credor:other_client': clean_client('id_cliente_credor') ~ ' <> id_cliente',
            'documento_devedor:not_a_document':
                "documento_devedor is not null and problema_documento = 'not_a_document'",
            'documento_devedor:repeated_digits': "problema_documento = 'repeated_digits'",
            'documento_devedor:wrong_check_digit': "problema_documento = 'wrong_check_digit'",
            'valor_divida:not_positive': 'valor_divida <= 0',
            'data_vencimento:after_reception': 'data_vencimento > reference_period',
            'data_vencimento:prescribed': "politica = 'recusar' and prescreveu",
        }) }}) as reasons,
        {{ warnings(rules={
            'documento_completado':
                'problema_documento is null and length(documento_possivel) > length(documento_limpo)',
            'email_invalido': 'not ' ~ matches('email_devedor', '[^@ ]+@[^@ .]+([.][^@ .]+)+'),
        }) }} as warnings
    from checked_rows
),

dividas as (
    select
        file_id,
        line_number,
        coalesce(
            case when problema is not null then texto_original_cell end,
            {{ text_of_rejected(source('cobranca', 'dividas')) }}
        ) as raw_row,
        reasons,
        warnings,
        extra_columns,
        id_cliente_credor,
        id_divida,
        nome_devedor,
        documento as documento_devedor,
        case length(documento) when 11 then 'cpf' when 14 then 'cnpj' end as tipo_documento,
        email_devedor,
        valor_divida,
        data_vencimento,
        case when prescreveu then 'prescrita' else 'registrada' end as situacao,
        coalesce(linha_original, line_number) as linha_original,
        case when reasons is not null then id_divida_cell end as id_divida_cell,
        case when reasons is not null then nome_devedor_cell end as nome_devedor_cell,
        case when reasons is not null then documento_devedor_cell end as documento_devedor_cell,
        case when reasons is not null then email_devedor_cell end as email_devedor_cell,
        case when reasons is not null then valor_divida_cell end as valor_divida_cell,
        case when reasons is not null then data_vencimento_cell end as data_vencimento_cell,
        case when reasons is not null then texto_original_cell end as texto_original_cell
    from judged_rows
)

select * from dividas
