{{ config(
    materialized='by_version',
    unit='reference_month',
    units='int_mensageria__datas_referencia',
    units_at_once=1,
    keep_other_units=var('ref_dates') != [],
    partitioned_by=['month(reference_month)']
) }}

with datas as (
    select * from {{ ref('int_mensageria__datas_referencia') }}
    where true {{ and_unit_is_missing('reference_month') }}
),

account_months as (
    select * from {{ ref('int_mensageria__account_months') }}
),

-- All earlier months, not only the last six, so that an account stays in the table from its first invoice on.
known_months as (
    select
        datas.reference_month,
        datas.input_version,
        account_months.customer,
        account_months.account,
        account_months.invoiced,
        date_diff('month', account_months.invoice_month, datas.reference_month) as months_ago
    from account_months
    inner join datas on account_months.invoice_month < datas.reference_month
),

totals as (
    select
        customer,
        account,
        reference_month,
        {%- for months in [3, 6] %}
        count(*) filter (where months_ago <= {{ months }}) as months_in_{{ months }},
        sum(invoiced) filter (where months_ago <= {{ months }}) as invoiced_in_{{ months }},
        {%- endfor %}
        input_version
    from known_months
    group by customer, account, reference_month, input_version
),

averages as (
    select
        customer,
        account,
        reference_month,
        {%- for months in [3, 6] %}
        case when months_in_{{ months }} = {{ months }} then {{ truncated_mean('invoiced_in_' ~ months, months) }} end
            as avg_invoices_last_{{ months }}_months,
        {%- endfor %}
        input_version
    from totals
)

select * from averages
