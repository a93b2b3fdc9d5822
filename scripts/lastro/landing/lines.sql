-- One row per line of a prepared text file: UTF-8, LF line ends. The delimiter is a character that the file lacks, so
-- no line is split.
create or replace temp view lines as
select
    row_number() over () as line_number,
    coalesce(line, '') as line
from read_csv(
    getvariable('path'),
    columns = {'line': 'varchar'},
    auto_detect = false,
    header = false,
    delim = getvariable('absent_character'),
    -- A file is text already, whatever its name says: by default one called .gz would be unpacked.
    compression = 'none',
    quote = '',
    escape = '',
    new_line = '\n',
    strict_mode = false
);
