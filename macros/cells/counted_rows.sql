{% macro counted_rows(source_relation, rows, repeated) %}
    {#- One row per file and disposition. The dates decide which reference dates a file can change. -#}
    {%- set table = raw_table(source_relation) -%}
    {%- set amount = rows ~ '.' ~ table.amount if table.amount else 'cast(null as decimal(18, 2))' -%}
    {%- set date = rows ~ '.' ~ table.date if table.date else 'cast(null as date)' -%}
    select
        {{ rows }}.file_id,
        coalesce(
            case when {{ rows }}.reasons is not null then 'rejected' end, {{ repeated }}.disposition, 'accepted'
        ) as disposition,
        count(*) as total_rows,
        sum({{ amount }}) as amount,
        {{ 'count(*) - count(' ~ amount ~ ')' if table.amount else '0' }} as unreadable_rows,
        min({{ date }}) as first_date,
        max({{ date }}) as last_date
    from {{ rows }}
    left join {{ repeated }}
        on {{ rows }}.file_id = {{ repeated }}.file_id and {{ rows }}.line_number = {{ repeated }}.line_number
    group by 1, 2
{%- endmacro %}
