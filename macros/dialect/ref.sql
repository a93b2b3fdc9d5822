{#-
    A DuckDB view stores its database's name, which is the name of the file. Without this override its views would break
    once the file is copied, renamed or attached under another name. dbt documents the override; lineage is unaffected.
-#}
{% macro ref() -%}
    {{ return(without_catalog(builtins.ref(*varargs, **kwargs))) }}
{%- endmacro %}

{% macro without_catalog(relation) -%}
    {{ return(adapter.dispatch('without_catalog', 'lastro')(relation)) }}
{%- endmacro %}

{% macro default__without_catalog(relation) -%}
    {{ return(relation) }}
{%- endmacro %}

{% macro duckdb__without_catalog(relation) -%}
    {{ return(relation.include(database=false)) }}
{%- endmacro %}
