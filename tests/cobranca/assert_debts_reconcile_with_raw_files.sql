-- Invariant: per batch, what the tables of debts hold is what was received, less what was refused, in rows and in R$:
-- the current versions, the replaced ones, the rejected rows, and the duplicates that the reconciliation counts.
with current_versions as (
    select
        id_lote,
        count(case when situacao = 'registrada' then 1 end) as linhas_registradas,
        count(case when situacao = 'prescrita' then 1 end) as linhas_prescritas,
        sum(case when situacao = 'registrada' then valor_divida else 0 end) as valor_registrado,
        sum(case when situacao = 'prescrita' then valor_divida else 0 end) as valor_prescrito
    from {{ ref('fct_dividas') }}
    group by id_lote
),

replaced_versions as (
    select
        id_lote,
        count(*) as linhas_substituidas,
        sum(valor_divida) as valor_substituido
    from {{ ref('historico_dividas') }}
    where not is_current
    group by id_lote
),

rejected_rows as (
    select
        id_lote,
        count(*) as linhas_rejeitadas,
        sum(coalesce(valor_lido, 0)) as valor_rejeitado
    from {{ ref('dividas_rejeitadas') }}
    group by id_lote
),

reconciled_files as (
    select
        arquivos.id_lote,
        reconciliacao.duplicate_rows,
        reconciliacao.duplicate_amount,
        reconciliacao.raw_rows - reconciliacao.refused_rows as read_rows,
        reconciliacao.raw_amount - reconciliacao.refused_amount as read_amount
    from {{ ref('int_cobranca__reconciliacao') }} as reconciliacao
    inner join {{ ref('base_cobranca__arquivos') }} as arquivos on reconciliacao.file_id = arquivos.file_id
)

select
    resultado.*,
    reconciled_files.read_rows,
    reconciled_files.read_amount
from {{ ref('resultado_lotes') }} as resultado
left join reconciled_files on resultado.id_lote = reconciled_files.id_lote
left join current_versions on resultado.id_lote = current_versions.id_lote
left join replaced_versions on resultado.id_lote = replaced_versions.id_lote
left join rejected_rows on resultado.id_lote = rejected_rows.id_lote
where
    reconciled_files.id_lote is null
    or resultado.linhas_registradas <> coalesce(current_versions.linhas_registradas, 0)
    or resultado.linhas_prescritas <> coalesce(current_versions.linhas_prescritas, 0)
    or resultado.linhas_substituidas <> coalesce(replaced_versions.linhas_substituidas, 0)
    or resultado.linhas_rejeitadas <> coalesce(rejected_rows.linhas_rejeitadas, 0)
    or resultado.linhas_duplicadas <> reconciled_files.duplicate_rows
    or resultado.valor_registrado <> coalesce(current_versions.valor_registrado, 0)
    or resultado.valor_prescrito <> coalesce(current_versions.valor_prescrito, 0)
    or resultado.valor_substituido <> coalesce(replaced_versions.valor_substituido, 0)
    or resultado.valor_rejeitado <> coalesce(rejected_rows.valor_rejeitado, 0)
    or resultado.valor_duplicado <> reconciled_files.duplicate_amount
    or reconciled_files.read_rows
    <> resultado.linhas_registradas + resultado.linhas_prescritas + resultado.linhas_substituidas
    + resultado.linhas_duplicadas + resultado.linhas_rejeitadas
    or reconciled_files.read_amount
    <> resultado.valor_registrado + resultado.valor_prescrito + resultado.valor_substituido
    + resultado.valor_duplicado + resultado.valor_rejeitado
