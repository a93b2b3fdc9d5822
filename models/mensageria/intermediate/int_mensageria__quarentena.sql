with arquivos as (
    select * from {{ ref('base_mensageria__arquivos') }}
),

invoices as (
    select * from {{ ref('base_mensageria__invoices') }}
    where reasons is not null
),

chatbot as (
    select * from {{ ref('base_mensageria__chatbot') }}
    where reasons is not null
),

notifications as (
    select * from {{ ref('base_mensageria__notifications') }}
    where reasons is not null
),

fechamentos as (
    select * from {{ ref('base_mensageria__fechamentos') }}
    where reasons is not null
),

lacunas as (
    select * from {{ ref('base_mensageria__lacunas') }}
    where reasons is not null
),

rejected_rows as (
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from invoices
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from chatbot
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from notifications
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from fechamentos
    union all
    select
        file_id,
        line_number,
        raw_row,
        reasons
    from lacunas
),

quarantined_rows as (
    select
        arquivos.source_name,
        arquivos.table_name,
        arquivos.source_file,
        rejected_rows.line_number,
        rejected_rows.raw_row,
        rejected_rows.reasons,
        arquivos.reference_period
    from rejected_rows
    inner join arquivos on rejected_rows.file_id = arquivos.file_id
)

select * from quarantined_rows
