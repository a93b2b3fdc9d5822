with contas as (
    select * from {{ ref('stg_cooperativa__contas') }}
),

arquivos as (
    select * from {{ ref('base_cooperativa__arquivos') }}
),

tipos as (
    {{ values_of_spellings('tipo_conta', ref('base_cooperativa__contas')) }}
),

situacoes as (
    {{ values_of_spellings('situacao_conta', ref('base_cooperativa__contas')) }}
),

contas_no_extrato as (
    select
        contas.id_conta,
        contas.id_associado,
        coalesce(tipos.valor, contas.tipo_conta) as tipo_conta,
        contas.agencia,
        coalesce(situacoes.valor, contas.situacao_conta) as situacao_conta,
        contas.data_criacao_conta,
        nullif(concat_ws(
            ',',
            case when contas.tipo_conta is not null and tipos.valor is null then 'tipo_conta' end,
            case when contas.situacao_conta is not null and situacoes.valor is null then 'situacao_conta' end
        ), '') as valores_desconhecidos,
        arquivos.reference_period as data_extrato,
        contas.file_id,
        contas.line_number
    from contas
    inner join arquivos on contas.file_id = arquivos.file_id
    left join tipos on contas.tipo_conta = tipos.escrita
    left join situacoes on contas.situacao_conta = situacoes.escrita
)

select * from contas_no_extrato
