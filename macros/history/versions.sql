{% macro versions_of(table_name, changes, as_of_extract={}) %}
    {#- The versions of a member, account or card. Each runs from the extract that changed it to the next change. -#}
    {%- set columns = versioned_columns(table_name) -%}
    {%- set key = columns[0] -%}
with new_changes as (
    select * from {{ changes }}
    where true {{ and_unit_is_missing('file_id') }}
),

touched_keys as (
    select {{ key }} from new_changes
),

touched_changes as (
    select * from {{ changes }}
    where {{ is_touched(key) }}
),

changes as (
    select
        *,
        max(case when estado = 'informado' then data_extrato end) over (
            partition by {{ key }} order by data_extrato
        ) as informado_em
    from touched_changes
),

-- After a rejected row, the last accepted row of its key stays in force.
states as (
    select
        changes.data_extrato,
        changes.estado,
        {%- for column in columns %}
        {{ as_of_extract.get(column, 'said.' ~ column ) }} as {{ column }},
        {%- endfor %}
        changes.{{ key }} as chave
    from changes
    inner join changes as said
        on changes.{{ key }} = said.{{ key }} and changes.informado_em = said.data_extrato
),

contents as (
    select
        *,
        case when estado <> 'ausente' then {{ content_of(columns) }} end as content
    from states
),

compared_contents as (
    select
        *,
        lag(content) over (partition by {{ key }} order by data_extrato) as content_before
    from contents
),

turns as (
    select
        *,
        lead(data_extrato) over (partition by {{ key }} order by data_extrato) as next_turn,
        row_number() over (partition by {{ key }} order by data_extrato) as turn_number
    from compared_contents
    where content is distinct from content_before
),

versions as (
    select
        {{ dbt.hash(key ~ " || '|' || cast(data_extrato as varchar)") }} as version_key,
        {{ bigint_hash("cast(data_extrato as varchar) || content") }} as sk_{{ table_name }},
        {{ columns | join(',\n        ') }},
        data_extrato as valid_from,
        coalesce(next_turn, date '9999-12-31') as valid_to,
        next_turn is null as is_current,
        -- Facts older than the first extract join the first version.
        case when turn_number = 1 then date '1900-01-01' else data_extrato end as applies_from
    from turns
    where content is not null
)

select * from versions
{% endmacro %}

{% macro content_of(columns) -%}
    {#- Each column has its length before it, so that different rows never give the same text. -#}
    {%- for column in columns %}
    '|' || coalesce(cast(length(cast({{ column }} as varchar)) as varchar) || ':' || cast({{ column }} as varchar), '')
    {{- ' || ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro version_at(fact_key, dimension, table_name, day) %}
    {#- Join condition: the dimension version that was valid on a day. -#}
    {{ dimension }}.id_{{ table_name }} = {{ fact_key }}
    and {{ dimension }}.sk_{{ table_name }} <> -1
    and {{ day }} >= {{ dimension }}.applies_from
    and {{ day }} < {{ dimension }}.valid_to
{% endmacro %}
