-- How a line is cut into cells. ¦ stands for the file's delimiter, and is replaced by it before this is run.
-- A cell is quoted only if a quote is its first character; anywhere else a quote is a character like any other.
-- Inside quotes a doubled quote is a quote. After the closing quote text may follow, which is kept and refused.

-- Whether a line that starts outside quotes ends inside them.
create or replace temp macro ends_open(line) as case
    when contains(line, '"') then regexp_matches(
        line, '(?s)^(?:(?:"(?:[^"]|"")*"(?:[^"¦][^¦]*)?|[^"¦][^¦]*|)[¦])*"(?:[^"]|"")*$'
    )
    else false
end;

-- The cells of a record, their quotes still on them.
create or replace temp macro cut(record) as case
    when contains(record, '"')
        then regexp_extract_all('¦' || record, '(?s)[¦]("(?:[^"]|"")*"(?:[^"¦][^¦]*)?|[^"¦][^¦]*|)', 1)
    else string_split(record, '¦')
end;

-- Whether text follows a closing quote. Lambdas are no place for a regular expression: it would be compiled per row.
create or replace temp macro has_text_after_quote(record) as case
    when contains(record, '"') then not regexp_full_match(
        record, '(?s)(?:(?:"(?:[^"]|"")*" *|[^"¦][^¦]*|)[¦])*(?:"(?:[^"]|"")*" *|[^"¦][^¦]*|)'
    )
    else false
end;

create or replace temp macro unquoted(cell) as case
    when starts_with(cell, '"') then replace(trim(cell, ' ')[2:-2], '""', '"')
    else cell
end;

-- The same where text follows the closing quote.
create or replace temp macro loosely_unquoted(cell) as case
    when starts_with(cell, '"') then
        replace(regexp_extract(cell, '(?s)^"((?:[^"]|"")*)"', 1), '""', '"')
        || regexp_extract(cell, '(?s)^"(?:[^"]|"")*"(.*)$', 1)
    else cell
end;

-- A record with nothing but blanks and quotes is no row. The first comparison is true of most, and cheap.
create or replace temp macro is_blank(record) as case
    when record > '"' and not starts_with(record, '"') then false
    else trim(record, ' "' || chr(9)) = ''
end;
