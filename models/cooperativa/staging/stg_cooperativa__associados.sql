with associados as (
    {{ extract_rows('base_cooperativa__associados', [
        'id_associado',
        'nome',
        'sobrenome',
        'data_nascimento',
        'estado_civil',
        'escolaridade',
    ]) }}
),

valores as (
    {{ in_its_domain('associados', ['estado_civil', 'escolaridade']) }}
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
