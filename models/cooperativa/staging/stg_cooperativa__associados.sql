with associados as (
    select * from {{ ref('base_cooperativa__associados') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_cooperativa__associados_repeated') }}
),

associados_aceitos as (
    select
        associados.id_associado,
        associados.nome,
        associados.sobrenome,
        associados.data_nascimento,
        associados.estado_civil,
        associados.escolaridade,
        associados.file_id,
        associados.line_number
    from associados
    left join repeated
        on associados.file_id = repeated.file_id and associados.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from associados_aceitos
