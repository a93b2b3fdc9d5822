{% test reconciles(model) %}
-- Invariant: every raw row has exactly one disposition, in rows and in R$. A lost or extra row shows as a difference.
select *
from {{ model }}
where
    source_file is null
    or difference_rows is null
    or difference_rows <> 0
    or difference_amount <> 0
    or difference_unreadable_rows <> 0
    or difference_unreadable_rows is null
    or (raw_amount is not null and difference_amount is null)
{% endtest %}
