{% macro create_landed_tables() %}
    {#- Operation, on Athena: external tables over landed/ as the source YAML declares them; run again when it changes. -#}
    {%- set sources = [] -%}
    {%- for table in declared_raw_tables() -%}
        {%- if table.source not in sources -%}
            {%- do sources.append(table.source) -%}
            {%- do create_landed_table(table, 'arquivos', landed_file_columns(), is_partitioned=false) -%}
        {%- endif -%}
        {%- do create_landed_table(table, table.name, landed_row_columns(table), is_partitioned=is_monthly(table)) -%}
    {%- endfor -%}
{% endmacro %}

{% macro create_landed_table(table, name, columns, is_partitioned) %}
    {#- Dropping an external table leaves its files. `msck repair` finds the partitions that were landed since. -#}
    {%- set relation = landed_relation(table, name) -%}
    {%- set location = landed_location() ~ '/' ~ table.source ~ '/' ~ name ~ '/' -%}
    {%- do adapter.create_schema(relation) -%}
    {%- do run_query('drop table if exists ' ~ relation.render_hive()) -%}
    {%- set statement -%}
        create external table {{ relation.render_hive() }} (
            {%- for column, type in columns %}
            `{{ column }}` {{ ddl_data_type(type) }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
        {%- if is_partitioned %}
        partitioned by (`reference_month` string)
        {%- endif %}
        stored as parquet
        location {{ sql_string(location) }}
    {%- endset -%}
    {%- do run_query(statement) -%}
    {%- if is_partitioned -%}
        {%- do run_query('msck repair table ' ~ relation.render_hive()) -%}
    {%- endif -%}
    {%- do log(relation.render() ~ ' reads ' ~ location, info=true) -%}
{% endmacro %}

{% macro landed_location() -%}
    {{ return(env_var('LASTRO_S3_LANDED', 's3://lastro-data/landed/').rstrip('/')) }}
{%- endmacro %}
