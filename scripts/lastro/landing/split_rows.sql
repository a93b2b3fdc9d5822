-- One row per record below the header: its line, exact text, cells, and the reason if it cannot be split into cells.
create or replace temp view split_rows as
with joined_lines as (
    select
        quoted_lines.first_line as line_number,
        string_agg(lines.line, chr(10) order by lines.line_number) as record
    from lines
    inner join quoted_lines on lines.line_number = quoted_lines.line_number
    group by quoted_lines.first_line
),

records as (
    select
        line_number,
        line as record
    from lines
    where line_number not in (select quoted_lines.line_number from quoted_lines)
    union all
    select
        line_number,
        record
    from joined_lines
),

cut_records as (
    select
        line_number,
        record,
        cut(record) as quoted_cells
    from records
    where line_number > getvariable('header_line') and not is_blank(record)
),

checked_records as (
    select
        *,
        case
            when ends_open(record) then 'row:unbalanced_quote'
            when len(quoted_cells) <> getvariable('column_count') then 'row:wrong_number_of_columns'
            when has_text_after_quote(record) then 'row:text_after_quote'
        end as row_problem
    from cut_records
)

select
    line_number,
    record,
    row_problem,
    case
        when row_problem in ('row:unbalanced_quote', 'row:wrong_number_of_columns') then null
        when row_problem is not null then list_transform(quoted_cells, lambda cell: loosely_unquoted(cell))
        when contains(record, '"') then list_transform(quoted_cells, lambda cell: unquoted(cell))
        else quoted_cells
    end as cells
from checked_records;
