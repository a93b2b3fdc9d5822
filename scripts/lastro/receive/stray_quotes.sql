-- The first record with a stray quote inside a cell that is not quoted. The reader takes it as a character; the gate
-- cannot know whether it opens a cell that goes on in the next one. Two in one cell end what they begin, as in
-- 37°36'37.8"N 121°2'17.9"W, so no reading of them moves a cell.
with marked_records as (
    select
        line_number,
        list_transform(
            cut(record),
            lambda cell: not starts_with(cell, '"') and len(string_split(cell, '"')) % 2 = 0
        ) as is_stray
    from split_rows
    where contains(record, '"')
)

select
    line_number,
    list_position(is_stray, true) as column_number
from marked_records
where list_contains(is_stray, true)
order by line_number
limit 1;
