{#-
    A DuckDB view holds the name of its database, which is that of the file: copied, renamed or attached under another
    name, the file would have views that read nothing. dbt documents this override; lineage is dbt's own.
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
