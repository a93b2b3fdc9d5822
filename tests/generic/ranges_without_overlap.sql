{% test ranges_without_overlap(model, key, valid_from, valid_to, condition='1 = 1') %}
-- Invariant: half-open ranges [valid_from, valid_to) do not overlap. The next may begin where one ends, not before.
with ordered_ranges as (
    select
        {{ key }},
        {{ valid_from }},
        {{ valid_to }},
        lead({{ valid_from }}) over (
            partition by {{ key }} order by {{ valid_from }}, coalesce({{ valid_to }}, date '9999-12-31')
        ) as next_valid_from
    from {{ model }}
    where {{ condition }}
)

select *
from ordered_ranges
where
    {{ valid_from }} is null
    or {{ valid_from }} >= {{ valid_to }}
    or next_valid_from < {{ valid_to }}
    or (next_valid_from is not null and {{ valid_to }} is null)
{% endtest %}
