with associados as (
    select * from {{ ref('stg_cooperativa__associados') }}
),

arquivos as (
    select * from {{ ref('base_cooperativa__arquivos') }}
),

estados_civis as (
    {{ values_of_spellings('estado_civil', ref('base_cooperativa__associados')) }}
),

escolaridades as (
    {{ values_of_spellings('escolaridade', ref('base_cooperativa__associados')) }}
),

associados_no_extrato as (
    select
        associados.id_associado,
        case when associados.sobrenome is null then split_part(associados.nome, ' ', 1) else associados.nome end
            as nome,
        coalesce(
            associados.sobrenome,
            nullif({{ trimmed("substr(associados.nome, length(split_part(associados.nome, ' ', 1)) + 1)") }}, '')
        ) as sobrenome,
        associados.data_nascimento,
        {{ years_between('associados.data_nascimento', 'arquivos.reference_period') }} as idade,
        coalesce(estados_civis.valor, associados.estado_civil) as estado_civil,
        coalesce(escolaridades.valor, associados.escolaridade) as escolaridade,
        nullif(concat_ws(
            ',',
            case when associados.estado_civil is not null and estados_civis.valor is null then 'estado_civil' end,
            case when associados.escolaridade is not null and escolaridades.valor is null then 'escolaridade' end
        ), '') as valores_desconhecidos,
        arquivos.reference_period as data_extrato,
        associados.file_id,
        associados.line_number
    from associados
    inner join arquivos on associados.file_id = arquivos.file_id
    left join estados_civis on associados.estado_civil = estados_civis.escrita
    left join escolaridades on associados.escolaridade = escolaridades.escrita
)

select * from associados_no_extrato
