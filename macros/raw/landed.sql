{#-
    landed/ holds what the raw files hold, as Parquet: one folder a table, one file a raw file, and in
    arquivos/ one file a table that lists them. It is the only thing that Athena reads; on DuckDB it is read
    where LASTRO_LANDED names it. `lastro land` writes it.
-#}

{% macro landed_root() -%}
    {{ return(env_var('LASTRO_LANDED', '').rstrip('/')) }}
{%- endmacro %}

{% macro is_monthly(table) -%}
    {{ return('{YYYYMM' in table.path) }}
{%- endmacro %}

{% macro reference_months(paths) -%}
    {#- 2024-01 of .../tb_faturas_202401.csv or .../associado_20240115.csv -#}
    {%- set months = [] -%}
    {%- for path in paths -%}
        {%- set month = modules.re.search('([0-9]{4})([0-9]{2})([0-9]{2})?[.][a-z]+$', path).expand('\\1-\\2') -%}
        {%- if month not in months -%}
            {%- do months.append(month) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(months) }}
{%- endmacro %}

{% macro landed_file_columns() -%}
    {#- Name and type of what is known of a raw file: the columns of a domain's arquivos. -#}
    {{ return([
        ('source_name', 'varchar'),
        ('table_name', 'varchar'),
        ('source_file', 'varchar'),
        ('reference_period', 'date'),
        ('delimiter', 'varchar'),
        ('header_line', 'bigint'),
        ('column_names', 'varchar'),
        ('extra_columns', 'varchar'),
        ('content_hash', 'varchar'),
        ('file_id', 'bigint'),
        ('raw_rows', 'bigint'),
        ('raw_amount', 'decimal(18,2)'),
        ('problem', 'varchar'),
    ]) }}
{%- endmacro %}

{% macro landed_row_columns(table) -%}
    {#- Name and type of the columns of a landed raw table: its own as text, and where each row comes from. -#}
    {%- set columns = [] -%}
    {%- for column in table.columns -%}
        {%- do columns.append((column.name, 'varchar')) -%}
    {%- endfor -%}
    {{ return(columns + [
        ('_source_file', 'varchar'),
        ('_line_number', 'bigint'),
        ('_batch_id', 'varchar'),
        ('_landed_at', 'varchar'),
        ('_raw_row', 'varchar'),
        ('_row_problem', 'varchar'),
        ('_extra_columns', 'varchar'),
    ]) }}
{%- endmacro %}

{% macro declared_raw_tables() -%}
    {#- Every raw table that a source YAML declares, by domain and name. -#}
    {%- set tables = [] -%}
    {%- for node in graph.sources.values() | sort(attribute='unique_id') -%}
        {%- do tables.append(raw_table(api.Relation.create(schema=node.schema, identifier=node.identifier))) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro %}
