-- A spelling with a capital, an accent or two blanks would never be met: values are compared without.
select *
from {{ ref('dominios') }}
where escrita <> {{ plain_spelling('escrita') }}
