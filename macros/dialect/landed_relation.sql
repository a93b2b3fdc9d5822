{% macro landed_relation(table, name) -%}
    {{ return(adapter.dispatch('landed_relation', 'lastro')(table, name)) }}
{%- endmacro %}

{% macro default__landed_relation(table, name) -%}
    {{ return(table.relation.replace_path(identifier=name)) }}
{%- endmacro %}

{% macro duckdb__landed_relation(table, name) -%}
    {%- set file = table.name ~ '.parquet' if name == 'arquivos' else '**/*.parquet' -%}
    {%- set path = landed_root() ~ '/' ~ table.source ~ '/' ~ name ~ '/' ~ file -%}
    {%- if is_running() and not run_query('select file from glob(' ~ sql_string(path) ~ ')') -%}
        {%- do exceptions.raise_compiler_error(
            'LASTRO_LANDED: nothing is landed at ' ~ path ~ '. Run `lastro land --to ' ~ landed_root() ~ '` first.'
        ) -%}
    {%- endif -%}
    {{ return(
        'read_parquet(' ~ sql_string(path) ~ ', union_by_name = true, hive_partitioning = true, hive_types_autocast = false)'
    ) }}
{%- endmacro %}
