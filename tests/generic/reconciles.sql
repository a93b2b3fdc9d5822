{% test reconciles(model) %}
-- Every raw row has one disposition, in rows and in R$; what is missing or too many is a difference.
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
