{% macro create_landed_tables() %}
    {#-
        Operation for Athena: creates the external tables over landed/ that the source YAMLs declare. Run it after every
        landing: each landed file is a partition, and `msck repair` registers the new ones.
    -#}
    {%- for node in graph.sources.values() | sort(attribute='unique_id') -%}
        {%- set relation = api.Relation.create(database=node.database, schema=node.schema, identifier=node.identifier) -%}
        {%- set is_raw = node.config.meta.get('path') is not none -%}
        {%- set location = landed_location() ~ '/' ~ node.source_name ~ '/' ~ node.name ~ '/' -%}
        {%- do adapter.create_schema(relation) -%}
        {#- Dropping an external table keeps its files. -#}
        {%- do run_query('drop table if exists ' ~ relation.render_hive()) -%}
        {%- set statement -%}
            create external table {{ relation.render_hive() }} (
                {%- for column in node.columns.values() %}
                `{{ column.name }}` {{ 'string' if is_raw and not column.config.meta.get('typed') else ddl_data_type(column.data_type | replace(' ', '')) }}{{ ',' if not loop.last }}
                {%- endfor %}
                {%- for name, type in landed_lineage().items() if is_raw %},
                `{{ name }}` {{ ddl_data_type(type) }}
                {%- endfor %}
            )
            {%- if is_raw %}
            partitioned by (`file_id` bigint)
            {%- endif %}
            stored as parquet
            location {{ sql_string(location) }}
        {%- endset -%}
        {%- do run_query(statement) -%}
        {%- if is_raw -%}
            {%- do run_query('msck repair table ' ~ relation.render_hive()) -%}
        {%- endif -%}
        {%- do log(relation.render() ~ ' reads ' ~ location, info=true) -%}
    {%- endfor -%}
{% endmacro %}

{% macro landed_lineage() -%}
    {#- The columns of a landed row besides its cells, as scripts/lastro/landing/reader.py writes them. -#}
    {{ return({
        '_line_number': 'bigint',
        '_raw_row': 'varchar',
        '_row_problem': 'varchar',
        '_delimiter': 'varchar',
        '_extra_columns': 'varchar',
    }) }}
{%- endmacro %}

{% macro landed_location() -%}
    {{ return(env_var('LASTRO_S3_LANDED', 's3://lastro-data/landed/').rstrip('/')) }}
{%- endmacro %}
