{% macro earliest_dates(rows, repeated, key, date) %}
    select
        {{ rows }}.file_id,
        min(repetidas.primeira_data) as data_linha
    from {{ rows }}
    inner join (
        select
            {{ key }},
            min({{ date }}) as primeira_data
        from {{ rows }}
        where {{ key }} in (select repeated.{{ key }} from {{ repeated }} as repeated)
        group by {{ key }}
    ) as repetidas on {{ rows }}.{{ key }} = repetidas.{{ key }}
    group by {{ rows }}.file_id
{% endmacro %}
