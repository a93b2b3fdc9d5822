-- Invariant: every declared spelling is plain. Values are compared without capitals, accents or double blanks, so any
-- other spelling would never match.
select *
from {{ ref('dominios') }}
where escrita <> {{ plain_spelling('escrita') }}
