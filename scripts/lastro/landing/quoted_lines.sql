-- The lines of every record that spans several lines, with the record's first and last line. The last line is NULL if
-- a quote is never closed. Only a line with a quote can change whether the next line starts inside quotes.
create or replace temp table quoted_lines as
with marked_lines as (
    select
        line_number,
        ends_open(line) as opens,
        ends_open('"' || line) as stays_open
    from lines
    where contains(line, '"')
),

-- A line whose end does not depend on its start begins a new stretch: nothing before it matters any more.
stretches as (
    select
        *,
        sum(cast(opens = stays_open as integer)) over (order by line_number) as stretch
    from marked_lines
),

states as (
    select
        line_number,
        (
            case when stretch > 0 then first_value(cast(opens as integer)) over of_stretch else 0 end
            + sum(cast(opens and not stays_open as integer)) over of_stretch
        ) % 2 = 1 as is_open
    from stretches
    window of_stretch as (partition by stretch order by line_number)
),

changes as (
    select
        line_number,
        is_open,
        lag(is_open, 1, false) over (order by line_number) as was_open
    from states
),

spans as (
    select
        line_number as first_line,
        lead(line_number) over (order by line_number) as last_line,
        is_open
    from changes
    where is_open <> was_open
)

select
    first_line,
    last_line,
    unnest(range(first_line, coalesce(last_line, first_line) + 1)) as line_number
from spans
where is_open;
