{% macro delete_stale_rows(inputs, column='file_id') %}
    delete from {{ this }} where {{ column }} not in (select inputs.{{ column }} from {{ inputs }} as inputs)
{% endmacro %}
