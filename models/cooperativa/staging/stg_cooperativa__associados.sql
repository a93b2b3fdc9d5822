with associados as (
    select
        base.*,
        arquivos.reference_period as data_extrato
    from {{ ref('base_cooperativa__associados') }} as base
    inner join {{ ref('base_cooperativa__arquivos') }} as arquivos on base.file_id = arquivos.file_id
    left join {{ ref('base_cooperativa__associados_repeated') }} as repeated
        on base.file_id = repeated.file_id and base.line_number = repeated.line_number
    where base.reasons is null and repeated.file_id is null
),

valores as (
    {{ in_its_domain('associados', ['estado_civil', 'escolaridade'], base=ref('base_cooperativa__associados')) }}
)

select
    id_associado,
    case when sobrenome is null then split_part(nome, ' ', 1) else nome end as nome,
    coalesce(
        sobrenome,
        nullif({{ trimmed("substr(nome, length(split_part(nome, ' ', 1)) + 1)") }}, '')
    ) as sobrenome,
    data_nascimento,
    {{ years_between('data_nascimento', 'data_extrato') }} as idade,
    estado_civil_valor as estado_civil,
    escolaridade_valor as escolaridade,
    valores_desconhecidos,
    data_extrato,
    file_id,
    line_number
from valores
