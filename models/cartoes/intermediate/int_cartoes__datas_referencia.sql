{{ config(materialized='table') }}

-- A file can change a reference date if it has a row dated before it, because a client stays in the book from their
-- first invoice on. A file whose row supersedes another also counts from the date of the superseded row.
-- `input_version` covers exactly those files, so a date is recomputed if and only if one of them changes.
with arquivos as (
    select * from {{ ref('int_cartoes__reconciliacao') }}
),

faturas_repetidas as (
    select * from {{ ref('base_cartoes__faturas_repeated') }}
),

pagamentos_repetidos as (
    select * from {{ ref('base_cartoes__pagamentos_repeated') }}
),

emissoes as (
    select
        min(first_accepted_date) as primeira_emissao,
        max(last_accepted_date) as ultima_emissao
    from arquivos
    where table_name = 'tb_faturas'
),

datas as (
    {{ reference_dates('emissoes', first='primeira_emissao', last='ultima_emissao') }}
),

substituidas as (
    select
        kept_file_id,
        data_emissao as data_linha
    from faturas_repetidas
    union all
    select
        kept_file_id,
        data_pagamento as data_linha
    from pagamentos_repetidos
),

linhas_datadas as (
    select
        file_id,
        first_date as data_linha
    from arquivos
    union all
    select
        kept_file_id as file_id,
        data_linha
    from substituidas
),

primeiras_datas as (
    select
        file_id,
        min(data_linha) as primeira_data
    from linhas_datadas
    group by file_id
),

datas_com_arquivos as (
    {{ versioned_dates('datas', 'primeiras_datas', first='primeira_data') }}
)

select * from datas_com_arquivos
