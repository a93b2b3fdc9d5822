{{ config(materialized='table') }}

-- Which input can change the number of a reference date: every file with a row dated before it, because
-- a client stays in the book from the first invoice on. `versao_insumos` names exactly those files in
-- exactly their content, so a date is computed again when, and only when, its version changes.
with faturas as (
    select * from {{ ref('base_cartoes__faturas') }}
    where reasons is null
),

pagamentos as (
    select * from {{ ref('base_cartoes__pagamentos') }}
    where reasons is null
),

emissoes as (
    select
        min(data_emissao) as primeira_emissao,
        max(data_emissao) as ultima_emissao
    from {{ ref('stg_cartoes__faturas') }}
),

datas as (
    {{ reference_dates('emissoes', first='primeira_emissao', last='ultima_emissao') }}
),

-- A row that replaces another one changes what the other one stood for: its key counts from the
-- earliest date that any of its rows has.
chaves_repetidas as (
    {{ earliest_dates('faturas', ref('base_cartoes__faturas_repeated'), 'id_fatura', 'data_emissao') }}
    union all
    {{ earliest_dates('pagamentos', ref('base_cartoes__pagamentos_repeated'), 'id_pagamento', 'data_pagamento') }}
),

linhas_datadas as (
    select
        file_id,
        min(data_emissao) as data_linha
    from faturas
    group by file_id
    union all
    select
        file_id,
        min(data_pagamento) as data_linha
    from pagamentos
    group by file_id
    union all
    select
        file_id,
        data_linha
    from chaves_repetidas
),

arquivos as (
    select
        file_id,
        min(data_linha) as primeira_data
    from linhas_datadas
    group by file_id
)

{{ versioned_dates('datas', 'arquivos', first='primeira_data') }}
