-- The first line inside a quoted cell that is a whole row of its own: as many cells as the header, a key, and dates and
-- numbers where the table has them. An unclosed quote that meets a stray one joins two such rows, and the number of
-- cells happens to fit.
with lines_in_cells as (
    select
        quoted_lines.first_line,
        lines.line_number,
        string_split(lines.line, '¦') as cells
    from lines
    inner join quoted_lines on lines.line_number = quoted_lines.line_number
    where lines.line_number > quoted_lines.first_line
)

select
    first_line,
    line_number
from lines_in_cells
where len(cells) = getvariable('column_count') and (true /* is a row */)
order by line_number
limit 1;
