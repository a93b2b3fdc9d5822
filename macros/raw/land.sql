{% macro land(folder, landed_at, known_files) %}
    {#- Operation of `lastro land`: lists the raw files of every table, and writes the rows of those not known yet. -#}
    {%- for table in declared_raw_tables() -%}
        {%- do run_query('create or replace table inventory as ' ~ raw_files(table.relation)) -%}
        {%- do refuse_problems('inventory') -%}
        {%- set landed_columns = table.columns | map(attribute='name') | join(',') -%}
        {%- for source_file, file_id in run_query('select source_file, file_id from inventory order by source_file') -%}
            {%- if known_files.get(file_id | string) != landed_columns -%}
                {%- set month = 'reference_month=' ~ reference_months([source_file])[0] ~ '/' if is_monthly(table) else '' -%}
                {%- set name = modules.re.sub('.*/|[.][a-z]+$', '', source_file) ~ '-' ~ file_id ~ '.parquet' -%}
                {%- do write_parquet(
                    landed_rows(table, source_file, landed_at),
                    folder,
                    table.source ~ '/' ~ table.name ~ '/' ~ month ~ name
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do write_parquet(
            'select *, ' ~ sql_string(landed_columns) ~ ' as landed_columns from inventory order by source_file',
            folder,
            table.source ~ '/arquivos/' ~ table.name ~ '.parquet'
        ) -%}
    {%- endfor -%}
{% endmacro %}

{% macro landed_rows(table, source_file, landed_at) %}
    select
        {%- for column in table.columns %}
        rows.{{ column.name }},
        {%- endfor %}
        files.source_file as _source_file,
        rows.line_number as _line_number,
        files.content_hash as _batch_id,
        {{ sql_string(landed_at) }} as _landed_at,
        rows.raw_row as _raw_row,
        rows.row_problem as _row_problem,
        rows.extra_columns as _extra_columns
    from ({{ raw_rows(table, 'inventory', [source_file]) }}) as rows
    inner join inventory as files on rows.file_id = files.file_id
{% endmacro %}

{% macro write_parquet(query, folder, name) %}
    {#- DuckDB makes no folders: the slashes of the name are escaped, and `lastro land` puts the file where it belongs. -#}
    {%- set path = folder ~ '/' ~ name | replace('/', '%2F') -%}
    {%- do run_query(
        'copy (' ~ query ~ ') to ' ~ sql_string(path) ~ ' (format parquet, compression zstd)'
    ) -%}
{% endmacro %}
