-- Whether a quoted cell never closes, or spans lines that are rows themselves: as many cells as the header, and a key.
-- A record's last line may look like a row because its first cell is the long one, so it counts only if the record is
-- broken.
with records as (
    select
        quoted_lines.first_line,
        quoted_lines.last_line,
        string_agg(lines.line, chr(10) order by lines.line_number) as record
    from lines
    inner join quoted_lines on lines.line_number = quoted_lines.line_number
    group by quoted_lines.first_line, quoted_lines.last_line
),

broken_records as (
    select first_line
    from records
    where has_text_after_quote(record) or len(cut(record)) <> getvariable('column_count')
),

swallowed_lines as (
    select
        quoted_lines.first_line,
        quoted_lines.last_line,
        lines.line_number,
        string_split(lines.line, '¦') as cells
    from lines
    inner join quoted_lines on lines.line_number = quoted_lines.line_number
    where lines.line_number > quoted_lines.first_line
)

select
    exists (select 1 from quoted_lines where last_line is null)
    or exists (
        select 1
        from swallowed_lines
        where
            len(cells) = getvariable('column_count')
            and len(cells) > 1
            and true /* has key */
            and (line_number < last_line or first_line in (select broken_records.first_line from broken_records))
    );
