with cartoes as (
    select * from {{ ref('stg_cooperativa__cartoes') }}
),

arquivos as (
    select * from {{ ref('base_cooperativa__arquivos') }}
),

bandeiras as (
    {{ values_of_spellings('bandeira_cartao', ref('base_cooperativa__cartoes')) }}
),

tipos as (
    {{ values_of_spellings('tipo_cartao', ref('base_cooperativa__cartoes')) }}
),

cartoes_no_extrato as (
    select
        cartoes.id_cartao,
        cartoes.id_conta,
        cartoes.numero_cartao,
        cartoes.nome_impresso_cartao,
        coalesce(bandeiras.valor, cartoes.bandeira_cartao) as bandeira_cartao,
        coalesce(tipos.valor, cartoes.tipo_cartao) as tipo_cartao,
        cartoes.data_criacao_cartao,
        nullif(concat_ws(
            ',',
            case when cartoes.bandeira_cartao is not null and bandeiras.valor is null then 'bandeira_cartao' end,
            case when cartoes.tipo_cartao is not null and tipos.valor is null then 'tipo_cartao' end
        ), '') as valores_desconhecidos,
        arquivos.reference_period as data_extrato,
        cartoes.file_id,
        cartoes.line_number
    from cartoes
    inner join arquivos on cartoes.file_id = arquivos.file_id
    left join bandeiras on cartoes.bandeira_cartao = bandeiras.escrita
    left join tipos on cartoes.tipo_cartao = tipos.escrita
)

select * from cartoes_no_extrato
