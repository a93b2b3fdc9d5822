{% test mostly_true(model, column_name, tolerated_percent) %}
-- Files arrive in any order, so a child may wait for its parent. More than tolerated_percent waiting is a fault.
with counted_rows as (
    select
        count(*) as total_rows,
        count(case when not {{ column_name }} then 1 end) as false_rows
    from {{ model }}
)

select *
from counted_rows
where 100 * false_rows > {{ tolerated_percent }} * total_rows
{% endtest %}
