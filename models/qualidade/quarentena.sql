with cartoes as (
    select * from {{ ref('int_cartoes__quarentena') }}
),

cobranca as (
    select * from {{ ref('int_cobranca__quarentena') }}
),

cooperativa as (
    select * from {{ ref('int_cooperativa__quarentena') }}
),

mensageria as (
    select * from {{ ref('int_mensageria__quarentena') }}
),

recebimento as (
    select * from {{ ref('int_recebimento__quarentena') }}
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

rejected_rows as (
    select
        source_name,
        table_name,
        source_file,
        line_number,
        raw_row,
        reasons,
        reference_period
    from all_domains
)

select * from rejected_rows
