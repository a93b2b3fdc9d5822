{% test relationship_mostly(model, column_name, to, field, tolerated_percent) %}
-- Files arrive in any order: a child may wait for its parent. More than a few waiting is a fault.
with children as (
    select
        count(*) as total_rows,
        count(case when parents.{{ field }} is null then 1 end) as orphan_rows
    from (select {{ column_name }} from {{ model }} where {{ column_name }} is not null) as child_keys
    left join (select distinct {{ field }} from {{ to }}) as parents
        on child_keys.{{ column_name }} = parents.{{ field }}
)

select
    total_rows,
    orphan_rows
from children
where 100 * orphan_rows > {{ tolerated_percent }} * total_rows
{% endtest %}
