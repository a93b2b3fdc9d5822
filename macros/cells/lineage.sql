{% macro landed_rows(domain, table_name) %}
    {#- The landed rows of the listed files. In a later run, by_version limits them to the files that it is missing. -#}
    select
        landed.*,
        arquivos.reference_period
    from {{ source(domain, table_name) }} as landed
    inner join {{ ref('base_' ~ domain ~ '__arquivos') }} as arquivos on landed.file_id = arquivos.file_id
    where
        arquivos.table_name = '{{ table_name }}'
        {{ and_unit_is_missing('landed.file_id') }}
{%- endmacro %}

{% macro lineage_columns() -%}
    file_id,
        _line_number as line_number,
        _raw_row as raw_row,
        _row_problem as row_problem,
        _delimiter as delimiter,
        _extra_columns as extra_columns,
        reference_period
{%- endmacro %}

{% macro text_of_rejected(source_relation) -%}
    {#- The exact text of a rejected row. It is landed only if the cells and the delimiter do not give it back. -#}
    case
            when reasons is null then null
            when raw_row is not null then raw_row
            else
                {%- for column in raw_table(source_relation).columns %}
                {{ column.name }}_cell
                {{- ' || delimiter ||' if not loop.last }}
                {%- endfor %}
        end
{%- endmacro %}
