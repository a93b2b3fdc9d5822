-- Invariant: a dimension holds exactly the versions computed from the extracts, plus the unknown member. The snapshot
-- between them changes nothing.
{%- for name, rows in {'associado': 'associados', 'conta': 'contas', 'cartao': 'cartoes'}.items() %}
{%- set dates = ['valid_from', 'valid_to', 'is_current', 'applies_from'] %}
{%- set columns = (versioned_columns(name) + ['sk_' ~ name] + dates) | join(', ') %}
select
    '{{ name }}' as dimension,
    sk_{{ name }} as sk
from (
    select {{ columns }} from {{ ref('dim_' ~ name) }}
    where sk_{{ name }} <> -1
    except
    select {{ columns }} from {{ ref('int_cooperativa__' ~ rows ~ '_versoes') }}
) as only_in_the_dimension
union all
select
    '{{ name }}' as dimension,
    sk_{{ name }} as sk
from (
    select {{ columns }} from {{ ref('int_cooperativa__' ~ rows ~ '_versoes') }}
    except
    select {{ columns }} from {{ ref('dim_' ~ name) }}
) as only_computed
{{- ' union all' if not loop.last }}
{%- endfor %}
