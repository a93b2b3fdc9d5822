-- What did the member dimension say when a report was made, and what do we know now? One row per version that differs.
-- Pass the report's time in UTC: --vars '{reported_at: 2024-05-02 08:00:00}'.
{%- set reported_at = var('reported_at', run_started_at.strftime('%Y-%m-%d %H:%M:%S')) %}
with versions as (
    select
        *,
        cast({{ sql_string(reported_at) }} as {{ timestamp_type() }}) as reported_at
    from {{ ref('snapshot_cooperativa__associados_versoes') }}
),

believed_then as (
    select * from versions
    where dbt_valid_from <= reported_at and coalesce(dbt_valid_to > reported_at, true)
),

believed_now as (
    select * from versions
    where dbt_valid_to is null
)

select
    coalesce(believed_then.id_associado, believed_now.id_associado) as id_associado,
    coalesce(believed_then.valid_from, believed_now.valid_from) as valid_from,
    believed_then.valid_to as valid_to_then,
    believed_now.valid_to as valid_to_now,
    believed_then.estado_civil as estado_civil_then,
    believed_now.estado_civil as estado_civil_now,
    believed_then.escolaridade as escolaridade_then,
    believed_now.escolaridade as escolaridade_now
from believed_then
full outer join believed_now on believed_then.version_key = believed_now.version_key
where
    believed_then.sk_associado is distinct from believed_now.sk_associado
    or believed_then.valid_to is distinct from believed_now.valid_to
order by 1, 2
