{{ config(materialized='table') }}

-- A session's rows in a file depend on the file alone, so the files that its events stand in say all about it.
select
    customer,
    flow,
    session,
    {{ bigint_hash(
        "cast(length(customer) as varchar) || '|' || cast(length(flow) as varchar) || '|'"
        ~ " || customer || flow || session || '|'"
        ~ " || cast(sum(cast(file_id as decimal(38, 0))) as varchar)"
    ) }} as input_version
from {{ ref('stg_mensageria__chatbot') }}
group by customer, flow, session
