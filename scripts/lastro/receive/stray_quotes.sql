-- The first record with a quote inside a cell that is not quoted. The reader takes it as a character; the gate cannot
-- know whether it opens a cell that goes on in the next one.
select
    line_number,
    list_position(
        list_transform(cut(record), lambda cell: contains(cell, '"') and not starts_with(cell, '"')), true
    ) as column_number
from split_rows
where contains(record, '"') and list_has_any(
    list_transform(cut(record), lambda cell: contains(cell, '"') and not starts_with(cell, '"')), [true]
)
order by line_number
limit 1;
