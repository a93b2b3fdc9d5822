-- Invariant: the accepted rows of an extract equal the versions valid on its date, and no version is valid for a key
-- that the extract lacks.
{{ config(tags=['audit']) }}

{%- for name, rows in {'associado': 'associados', 'conta': 'contas', 'cartao': 'cartoes'}.items() %}
{%- set columns = versioned_columns(name) %}

select
    '{{ name }}' as table_name,
    id_{{ name }} as key_that_differs
from (
    select
        data_extrato,
        {{ columns | join(',\n        ') }}
    from {{ ref('int_cooperativa__' ~ rows) }}
    except
    select
        extratos.data_extrato,
        versoes.{{ columns | join(',\n        versoes.') }}
    from {{ ref('int_cooperativa__extratos') }} as extratos
    inner join {{ ref('int_cooperativa__' ~ rows ~ '_versoes') }} as versoes
        on extratos.data_extrato >= versoes.valid_from and extratos.data_extrato < versoes.valid_to
    where extratos.table_name = '{{ name }}'
) as not_there
union all
select
    '{{ name }}' as table_name,
    id_{{ name }} as key_that_differs
from (
    select
        extratos.data_extrato,
        versoes.id_{{ name }}
    from {{ ref('int_cooperativa__extratos') }} as extratos
    inner join {{ ref('int_cooperativa__' ~ rows ~ '_versoes') }} as versoes
        on extratos.data_extrato >= versoes.valid_from and extratos.data_extrato < versoes.valid_to
    where extratos.table_name = '{{ name }}'
    except
    select
        extratos.data_extrato,
        base.id_{{ name }}
    from {{ ref('int_cooperativa__extratos') }} as extratos
    inner join {{ ref('base_cooperativa__' ~ rows) }} as base on extratos.file_id = base.file_id
) as too_many
{{- ' union all' if not loop.last }}
{%- endfor %}
