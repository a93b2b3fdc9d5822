{{ config(materialized='table') }}

-- Which input can change the number of a reference month: every file with an invoice before it, because an
-- account stays in the table from its first invoice on. The same shape as int_cartoes__datas_referencia.
with invoices as (
    select
        file_id,
        disposition,
        {{ first_of_month('month') }} as invoice_month
    from {{ ref('base_mensageria__invoices') }}
    where reasons is null
),

months as (
    select
        min(invoice_month) as first_month,
        max(invoice_month) as last_month
    from invoices
    where disposition = 'accepted'
),

datas as (
    {%- if var('ref_dates') %}
    {{ ref_dates_asked_for() }}
    {%- else %}
    select meses.mes as ref_date
    from months
    cross join {{ month_series(next_month('months.first_month'), next_month('months.last_month'), 'meses', 'mes') }}
    {%- endif %}
),

arquivos as (
    select
        file_id,
        min(invoice_month) as first_month
    from invoices
    group by file_id
)

select
    datas.ref_date,
    {{ dbt.hash("coalesce(" ~ dbt.listagg('arquivos.file_id', "','", 'order by arquivos.file_id') ~ ", '')") }}
        as versao_insumos
from datas
left join arquivos on datas.ref_date > arquivos.first_month
group by datas.ref_date
