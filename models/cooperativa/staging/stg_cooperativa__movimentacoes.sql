-- No view: on Athena those hold milliseconds.
{{ config(materialized='ephemeral') }}

select
    id_movimentacao,
    id_cartao,
    valor_movimentacao,
    descricao_movimentacao,
    data_movimentacao,
    file_id,
    line_number
from {{ ref('base_cooperativa__movimentacoes') }}
where disposition = 'accepted'
