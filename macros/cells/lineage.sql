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
