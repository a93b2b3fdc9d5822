with cartoes as (
    select * from {{ ref('int_cartoes__reconciliacao') }}
),

cobranca as (
    select * from {{ ref('int_cobranca__reconciliacao') }}
),

cooperativa as (
    select * from {{ ref('int_cooperativa__reconciliacao') }}
),

mensageria as (
    select * from {{ ref('int_mensageria__reconciliacao') }}
),

recebimento as (
    select * from {{ ref('int_recebimento__reconciliacao') }}
),

all_domains as (
    select * from cartoes
    union all
    select * from cobranca
    union all
    select * from cooperativa
    union all
    select * from mensageria
    union all
    select * from recebimento
),

counted_files as (
    select
        source_name,
        table_name,
        source_file,
        raw_rows,
        accepted_rows,
        superseded_rows,
        duplicate_rows,
        rejected_rows,
        refused_rows,
        difference_rows,
        raw_amount,
        accepted_amount,
        superseded_amount,
        duplicate_amount,
        rejected_amount,
        refused_amount,
        difference_amount,
        unreadable_amount_rows,
        difference_unreadable_rows,
        reference_period,
        content_hash,
        extra_columns,
        problem
    from all_domains
)

select * from counted_files
