{% macro earliest_dates(rows, key, date) %}
    select
        {{ rows }}.file_id,
        min(repetidas.primeira_data) as data_linha
    from {{ rows }}
    inner join (
        select
            {{ key }},
            min({{ date }}) as primeira_data
        from {{ rows }}
        where {{ key }} in (select {{ key }} from {{ rows }} where disposition <> 'accepted')
        group by {{ key }}
    ) as repetidas on {{ rows }}.{{ key }} = repetidas.{{ key }}
    group by {{ rows }}.file_id
{% endmacro %}
