{% macro is_running() -%}
    {#- Only a command that runs models may look at the data; parse, compile and docs work without any. -#}
    {{ return(execute and flags.WHICH in ('run', 'build', 'snapshot', 'retry', 'run-operation')) }}
{%- endmacro %}

{% macro is_incremental() %}
    {#- dbt's own asks the engine, and compiling must work without one. -#}
    {{ return(is_running() and dbt.is_incremental()) }}
{% endmacro %}
