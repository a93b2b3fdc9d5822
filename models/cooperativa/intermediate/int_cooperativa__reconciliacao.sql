{{ config(materialized='by_version', unit='file_id', units='int_cooperativa__arquivos') }}

{{ reconciled_files(
    [
        (source('cooperativa', 'associado'), ref('base_cooperativa__associados'), ref('base_cooperativa__associados_repeated')),
        (source('cooperativa', 'conta'), ref('base_cooperativa__contas'), ref('base_cooperativa__contas_repeated')),
        (source('cooperativa', 'cartao'), ref('base_cooperativa__cartoes'), ref('base_cooperativa__cartoes_repeated')),
        (source('cooperativa', 'movimentacao_cartao'), ref('base_cooperativa__movimentacoes'), ref('base_cooperativa__movimentacoes_repeated'))
    ],
    files=ref('int_cooperativa__arquivos')
) }}
