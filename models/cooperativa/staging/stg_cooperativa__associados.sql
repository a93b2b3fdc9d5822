with associados as (
    select
        base.id_associado,
        case when base.sobrenome is null then split_part(base.nome, ' ', 1) else base.nome end as nome,
        coalesce(
            base.sobrenome,
            nullif({{ trimmed("substr(base.nome, length(split_part(base.nome, ' ', 1)) + 1)") }}, '')
        ) as sobrenome,
        base.data_nascimento,
        base.estado_civil,
        base.escolaridade,
        arquivos.reference_period as data_extrato,
        base.file_id,
        base.line_number
    from {{ ref('base_cooperativa__associados') }} as base
    inner join {{ ref('base_cooperativa__arquivos') }} as arquivos on base.file_id = arquivos.file_id
    where base.disposition = 'accepted'
),

valores as (
    {{ in_its_domain('associados', ['estado_civil', 'escolaridade']) }}
)

select
    id_associado,
    nome,
    sobrenome,
    data_nascimento,
    {{ years_between('data_nascimento', 'data_extrato') }} as idade,
    estado_civil_valor as estado_civil,
    escolaridade_valor as escolaridade,
    valores_desconhecidos,
    data_extrato,
    file_id,
    line_number
from valores
