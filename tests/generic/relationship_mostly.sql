{% test relationship_mostly(model, column_name, to, field, tolerated_percent) %}
-- Files arrive in any order: a child may wait for its parent. More than a few waiting is a fault.
with child_keys as (
    select
        {{ column_name }} as child_key,
        count(*) as total_rows
    from {{ model }}
    where {{ column_name }} is not null
    group by {{ column_name }}
),

orphan_keys as (
    select child_keys.total_rows
    from child_keys
    where not exists (select 1 from {{ to }} where {{ field }} = child_keys.child_key)
),

counted_rows as (
    select
        (select sum(total_rows) from child_keys) as total_rows,
        (select sum(total_rows) from orphan_keys) as orphan_rows
)

select *
from counted_rows
where 100 * orphan_rows > {{ tolerated_percent }} * total_rows
{% endtest %}
