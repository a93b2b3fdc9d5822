with contas as (
    select * from {{ ref('base_cooperativa__contas') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_cooperativa__contas_repeated') }}
),

contas_aceitas as (
    select
        contas.id_conta,
        contas.id_associado,
        contas.tipo_conta,
        contas.agencia,
        contas.situacao_conta,
        contas.data_criacao_conta,
        contas.file_id,
        contas.line_number
    from contas
    left join repeated
        on contas.file_id = repeated.file_id and contas.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from contas_aceitas
