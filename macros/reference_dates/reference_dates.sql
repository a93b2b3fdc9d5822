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

{% macro versioned_dates(datas, arquivos, first) %}
    {#- The version names the files that a date sees, each in its content: it changes when, and only when, they do. -#}
    select
        {{ datas }}.ref_date,
        {{ dbt.hash("coalesce(" ~ dbt.listagg(arquivos ~ '.file_id', "','", 'order by ' ~ arquivos ~ '.file_id') ~ ", '')") }}
            as versao_insumos
    from {{ datas }}
    left join {{ arquivos }} on {{ datas }}.ref_date > {{ arquivos }}.{{ first }}
    group by {{ datas }}.ref_date
{% endmacro %}

{% macro delete_stale_dates(datas, column='ref_date') %}
    {#-
        Before a book is built: its reference dates whose input changed go, and the model then computes
        the dates that it lacks. A plain build also drops dates that were once asked for one by one.
    -#}
    {%- if is_incremental() %}
    delete from {{ this }}
    where
        versao_insumos not in (
            select datas.versao_insumos from {{ datas }} as datas where datas.ref_date = {{ this }}.{{ column }}
        )
        {%- if var('ref_dates') %}
        and {{ column }} in (select ref_date from {{ datas }})
        {%- endif %}
    {%- endif %}
{% endmacro %}

{% macro missing_dates(datas, column, is_there) %}
    {#-
        The reference dates that this book lacks, or holds from other input, as texts, the oldest first. A model
        is compiled before its pre-hook removes what is stale: to be there is not enough.
    -#}
    {%- set query -%}
        select datas.ref_date
        from {{ datas }} as datas
        {%- if is_there %}
        where not exists (
            select 1
            from {{ this }} as book
            where book.{{ column }} = datas.ref_date and book.versao_insumos = datas.versao_insumos
        )
        {%- endif %}
        order by datas.ref_date
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | map('string') | list) }}
{% endmacro %}

{% macro one_missing_date(datas, column='ref_date') %}
    {#-
        The twelve months of one date fit in memory, those of all dates may not: a book is computed for one
        date, and compute_other_dates goes on with the others.
    -#}
    select
        ref_date,
        versao_insumos
    from {{ datas }}
    {%- if is_running() %}
    {%- set dates = missing_dates(datas, column, is_there=is_incremental()) %}
    where ref_date = date '{{ dates[0] if dates else '1900-01-01' }}'
    {%- endif %}
{% endmacro %}

{% macro compute_other_dates(datas, column='ref_date') %}
    {#- Post-hook of a book: its own query again, for every date that is still missing. -#}
    {%- if is_running() %}
    {%- set columns = adapter.get_columns_in_relation(this) | map(attribute='quoted') | join(', ') -%}
    {%- for ref_date in missing_dates(datas, column, is_there=true) -%}
        {%- set query = modules.re.sub(
            "ref_date = date '[0-9-]+'", "ref_date = date '" ~ ref_date ~ "'", model.compiled_code
        ) -%}
        {%- do run_query(
            'insert into ' ~ this ~ ' (' ~ columns ~ ') select ' ~ columns ~ ' from (' ~ query ~ ') as book'
        ) -%}
    {%- endfor -%}
    {%- endif %}
{% endmacro %}
