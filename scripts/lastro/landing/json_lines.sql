-- One row per line of a JSON Lines file that is not blank: its number and text.
create or replace temp view records as
select
    line_number,
    trim(line, ' ' || chr(9)) as record
from lines
where trim(line, ' ' || chr(9)) <> '';
