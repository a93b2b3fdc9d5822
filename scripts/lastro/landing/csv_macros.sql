-- Macros that split a line into cells. The reader replaces ¦ with the file's delimiter before it runs this.
-- A cell is quoted only if its first character is a quote; anywhere else a quote is an ordinary character.
-- Inside quotes a doubled quote is one quote. Text after the closing quote is kept, and its row is rejected.

-- Whether a line that starts outside quotes ends inside them.
create or replace temp macro ends_open(line) as case
    when contains(line, '"') then regexp_matches(
        line, '(?s)^(?:(?:"(?:[^"]|"")*"(?:[^"¦][^¦]*)?|[^"¦][^¦]*|)[¦])*"(?:[^"]|"")*$'
    )
    else false
end;

-- The cells of a record, with their quotes.
create or replace temp macro cut(record) as case
    when contains(record, '"')
        then regexp_extract_all('¦' || record, '(?s)[¦]("(?:[^"]|"")*"(?:[^"¦][^¦]*)?|[^"¦][^¦]*|)', 1)
    else string_split(record, '¦')
end;

-- Whether text follows a closing quote. Not a lambda over the cells: its regular expression would be compiled per row.
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

-- The same for a cell with text after the closing quote, which is kept.
create or replace temp macro loosely_unquoted(cell) as case
    when starts_with(cell, '"') then
        replace(regexp_extract(cell, '(?s)^"((?:[^"]|"")*)"', 1), '""', '"')
        || regexp_extract(cell, '(?s)^"(?:[^"]|"")*"(.*)$', 1)
    else cell
end;

-- A record of only blanks and quotes is not a row. The first comparison is cheap and decides most records.
create or replace temp macro is_blank(record) as case
    when record > '"' and not starts_with(record, '"') then false
    else trim(record, ' "' || chr(9)) = ''
end;
