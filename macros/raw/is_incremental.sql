{% macro is_incremental() %}
    {#- dbt's own asks the engine, and compiling must work without one. -#}
    {{ return(is_running() and dbt.is_incremental()) }}
{% endmacro %}
