{% macro ref_dates_asked_for() %}
    {%- for date in var('ref_dates') %}
    {%- if not modules.re.match('^[0-9]{4}-(0[1-9]|1[0-2])-01$', date | string) -%}
        {%- do exceptions.raise_compiler_error(
            "ref_dates: '" ~ date ~ "' is not the first day of a month. Example: "
            ~ "--vars '{ref_dates: [2024-02-01]}'."
        ) -%}
    {%- endif %}
    select date '{{ date }}' as ref_date
    {{- ' union' if not loop.last }}
    {%- endfor %}
{% endmacro %}

{% macro reference_dates(extent, first, last) %}
    {%- if var('ref_dates') %}
    {{ ref_dates_asked_for() }}
    {%- else %}
    select meses.mes as ref_date
    from {{ extent }}
    cross join {{ month_series(
        next_month(extent ~ '.' ~ first), next_month(extent ~ '.' ~ last), 'meses', 'mes'
    ) }}
    {%- endif %}
{% endmacro %}

{% macro versioned_dates(datas, arquivos, first, column='ref_date') %}
    {#- input_version hashes the ids of the files that a date sees; an id changes with its file's content. -#}
    select
        {{ datas }}.ref_date as {{ column }},
        {{ dbt.hash("coalesce(" ~ dbt.listagg(arquivos ~ '.file_id', "','", 'order by ' ~ arquivos ~ '.file_id') ~ ", '')") }}
            as input_version
    from {{ datas }}
    left join {{ arquivos }} on {{ datas }}.ref_date > {{ arquivos }}.{{ first }}
    group by {{ datas }}.ref_date
{% endmacro %}
