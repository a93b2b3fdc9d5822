with cartoes as (
    select * from {{ ref('base_cooperativa__cartoes') }}
    where reasons is null
),

repeated as (
    select * from {{ ref('base_cooperativa__cartoes_repeated') }}
),

cartoes_aceitos as (
    select
        cartoes.id_cartao,
        cartoes.id_conta,
        cartoes.numero_cartao,
        cartoes.nome_impresso_cartao,
        cartoes.bandeira_cartao,
        cartoes.tipo_cartao,
        cartoes.data_criacao_cartao,
        cartoes.file_id,
        cartoes.line_number
    from cartoes
    left join repeated
        on cartoes.file_id = repeated.file_id and cartoes.line_number = repeated.line_number
    where repeated.file_id is null
)

select * from cartoes_aceitos
