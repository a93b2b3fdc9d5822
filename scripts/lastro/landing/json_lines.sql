-- One row per line of a JSON-lines file: its number and its text.
create or replace temp view records as
select
    line_number,
    trim(line, ' ' || chr(9)) as record
from lines
where trim(line, ' ' || chr(9)) <> '';
