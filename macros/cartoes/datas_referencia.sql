{% macro ref_dates_asked_for() %}
    {%- for date in var('ref_dates') %}
    {%- if not modules.re.match('^[0-9]{4}-(0[1-9]|1[0-2])-01$', date | string) -%}
        {%- do exceptions.raise_compiler_error(
            "ref_dates: '" ~ date ~ "' is not the first day of a month. Write for example "
            ~ "--vars '{ref_dates: [2024-02-01]}'."
        ) -%}
    {%- endif %}
    select date '{{ date }}' as ref_date
    {{- ' union' if not loop.last }}
    {%- endfor %}
{% endmacro %}

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

{% macro delete_stale_dates(datas) %}
    {#-
        Before a book is built: its reference dates whose input changed go, and the model then computes
        the dates that it lacks. A plain build also drops dates that were once asked for one by one.
    -#}
    {%- if is_incremental() %}
    delete from {{ this }}
    where
        versao_insumos not in (
            select datas.versao_insumos from {{ datas }} as datas where datas.ref_date = {{ this }}.ref_date
        )
        {%- if var('ref_dates') %}
        and ref_date in (select ref_date from {{ datas }})
        {%- endif %}
    {%- endif %}
{% endmacro %}

{% macro missing_dates(datas) %}
    select
        ref_date,
        versao_insumos
    from {{ datas }}
    {%- if is_incremental() %}
    where ref_date not in (select ref_date from {{ this }})
    {%- endif %}
{% endmacro %}
