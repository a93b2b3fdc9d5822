-- One row per object of a JSON array that parses as a whole: its position and text.
create or replace temp view records as
select
    row_number() over () as line_number,
    trim(cast(json as varchar), ' ' || chr(9) || chr(10)) as record
from read_json_objects(getvariable('path'), format = 'array', maximum_object_size = 134217728);
