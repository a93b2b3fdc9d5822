{% macro versions_of(snapshot, table_name) %}
    {#- A dimension: the versions of a snapshot, and the unknown member, -1, for facts that no version is known for. -#}
    {%- set columns = versioned_columns(table_name) %}
with versions as (
    select
        *,
        row_number() over (partition by {{ columns[0] }} order by dbt_valid_from) as version_number
    from {{ snapshot }}
    where {{ columns[0] }} <> ''
)

select
    {{ bigint_hash(version_text(columns)) }} as sk_{{ table_name }},
    {{ columns | join(',\n    ') }},
    dbt_valid_from as valid_from,
    coalesce(dbt_valid_to, date '9999-12-31') as valid_to,
    dbt_valid_to is null as is_current,
    case when version_number = 1 then date '1900-01-01' else dbt_valid_from end as applies_from
from versions
union all
select
    -1,
    'desconhecido',
    {%- for column in columns[1:] %}
    null,
    {%- endfor %}
    date '1900-01-01',
    date '9999-12-31',
    true,
    date '1900-01-01'
{% endmacro %}

{% macro version_at(fact_key, dimension, table_name, day) %}
    {#- Condition of a join: the version of a dimension that was valid on a day. -#}
    {{ dimension }}.id_{{ table_name }} = {{ fact_key }}
    and {{ dimension }}.sk_{{ table_name }} <> -1
    and {{ day }} >= {{ dimension }}.applies_from
    and {{ day }} < {{ dimension }}.valid_to
{% endmacro %}

{% macro version_text(columns) -%}
    {#- All that a version is: corrected in its past, it has another key, and the facts that had the old one are repaired. -#}
    cast(dbt_valid_from as varchar)
    {#- Each with its length: no text can look like two. -#}
    {%- for column in columns %}
    || '|'
    || coalesce(cast(length(cast({{ column }} as varchar)) as varchar) || ':' || cast({{ column }} as varchar), '')
    {%- endfor %}
{%- endmacro %}
