-- No view: on Athena those hold milliseconds, and the microseconds say which answer was the last.
{{ config(materialized='ephemeral') }}

select
    customer,
    flow,
    session,
    timestamp as answered_at,
    content,
    file_id,
    line_number
from {{ ref('base_mensageria__chatbot') }}
where disposition = 'accepted'
