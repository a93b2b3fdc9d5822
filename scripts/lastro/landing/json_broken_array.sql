-- One row per object of a JSON array that does not parse. It is split where one object ends and the next begins, so
-- that one broken object does not lose the others.
create or replace temp view records as
with contents as (
    select regexp_replace(regexp_replace(content, '^\s*\[', ''), ',?\s*\]?\s*$', '') as objects
    from read_text(getvariable('path'))
),

pieces as (
    select string_split(
        regexp_replace(objects, '\}\s*,\s*\{', '}' || getvariable('absent_character') || '{', 'g'),
        getvariable('absent_character')
    ) as pieces
    from contents
)

select
    generate_subscripts(pieces, 1) as line_number,
    trim(unnest(pieces), ' ' || chr(9) || chr(10)) as record
from pieces;
