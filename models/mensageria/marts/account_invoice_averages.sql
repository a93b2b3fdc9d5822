{{ config(
    materialized='incremental',
    incremental_strategy='append',
    partitioned_by=['month(reference_month)'],
    on_schema_change='append_new_columns',
    pre_hook="{{ delete_stale_dates(ref('int_mensageria__datas_referencia'), 'reference_month') }}",
    post_hook="{{ compute_other_dates(ref('int_mensageria__datas_referencia'), 'reference_month') }}"
) }}

with datas as (
    {{ one_missing_date(ref('int_mensageria__datas_referencia'), 'reference_month') }}
),

-- All months before the reference month, so that an account stays from its first invoice on.
known_months as (
    select
        datas.ref_date,
        datas.versao_insumos,
        account_months.customer,
        account_months.account,
        account_months.invoiced,
        date_diff('month', account_months.invoice_month, datas.ref_date) as months_ago
    from {{ ref('int_mensageria__account_months') }} as account_months
    inner join datas on account_months.invoice_month < datas.ref_date
),

totals as (
    select
        customer,
        account,
        ref_date,
        {%- for months in [3, 6] %}
        count(*) filter (where months_ago <= {{ months }}) as months_in_{{ months }},
        sum(invoiced) filter (where months_ago <= {{ months }}) as invoiced_in_{{ months }},
        {%- endfor %}
        versao_insumos
    from known_months
    group by customer, account, ref_date, versao_insumos
)

select
    customer,
    account,
    ref_date as reference_month,
    {%- for months in [3, 6] %}
    case when months_in_{{ months }} = {{ months }} then {{ truncated_mean('invoiced_in_' ~ months, months) }} end
        as avg_invoices_last_{{ months }}_months,
    {%- endfor %}
    versao_insumos
from totals
