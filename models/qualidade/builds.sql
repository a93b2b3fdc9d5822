{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    full_refresh=false
) }}

-- A build is noted when its files are reconciled. Its time and id are metadata: no number depends on them.
with reconciled as (
    select count(*) as total_files from {{ ref('reconciliacao') }}
),

this_build as (
    select
        cast('{{ invocation_id }}' as varchar) as invocation_id,
        cast({{ sql_string(run_started_at.strftime('%Y-%m-%d %H:%M:%S')) }} as {{ timestamp_type() }}) as built_at,
        cast('{{ var("project_version") }}' as varchar) as project_version,
        total_files
    from reconciled
)

select * from this_build
