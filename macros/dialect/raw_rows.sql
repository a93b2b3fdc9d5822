{% macro raw_rows(table, files, paths) %}
    {{ return(adapter.dispatch('raw_rows', 'lastro')(table, files, paths)) }}
{% endmacro %}

{% macro duckdb__raw_rows(table, files, paths) %}
    {%- if landed_root() -%}
        {{ return(default__raw_rows(table, files, paths)) }}
    {%- endif -%}
    {{ return((duckdb__read_json_rows if is_json(table) else duckdb__read_raw_rows)(table, files, paths)) }}
{% endmacro %}

{% macro duckdb__read_raw_rows(table, files, paths) %}
    {%- set declared = table.columns | map(attribute='name') | list %}
    with {{ duckdb__record_ctes(table, paths) }},

    listed_files (file_index, source_file) as (
        values
        {%- for path in paths %}
        ({{ loop.index0 }}, {{ sql_string(path) }}){{ ',' if not loop.last }}
        {%- endfor %}
    ),

    column_positions as (
        select
            listed_files.file_index,
            files.file_id,
            files.header_line,
            files.delimiter,
            len(files.column_names) as column_count,
            {%- for name in declared %}
            list_position(files.column_names, '{{ name }}') as position_{{ loop.index }},
            {%- endfor %}
            nullif(
                list_filter(
                    list_zip(files.column_names, range(1, len(files.column_names) + 1)),
                    lambda header: not list_contains({{ declared }}, header[1])
                ),
                []
            ) as extra_columns
        from listed_files
        inner join (
            select
                * exclude (column_names),
                cast(cast(column_names as json) as varchar[]) as column_names
            from {{ files }}
            where table_name = '{{ table.name }}'
        ) as files on listed_files.source_file = files.source_file
    ),

    split_records as (
        select
            column_positions.*,
            records.line_number,
            records.record,
            {{ duckdb__split_record('records.record', 'column_positions.delimiter') }} as found_cells
        from records
        inner join column_positions
            on
                records.file_index = column_positions.file_index
                and records.line_number > column_positions.header_line
    ),

    checked_records as (
        select
            *,
            case
                when {{ duckdb__has_open_quote('record') }} then 'row:unbalanced_quote'
                when len(found_cells) <> column_count then 'row:wrong_number_of_columns'
            end as row_problem
        from split_records
    ),

    sound_records as (
        select
            *,
            case when row_problem is null then found_cells end as cells
        from checked_records
    )

    select
        file_id,
        line_number,
        record as raw_row,
        row_problem,
        case
            when extra_columns is not null and cells is not null then cast(
                to_json(
                    map_from_entries(
                        list_transform(extra_columns, lambda header: row(header[1], cells[header[2]]))
                    )
                ) as varchar
            )
        end as extra_columns,
        {%- for name in declared %}
        cells[position_{{ loop.index }}] as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from sound_records
{% endmacro %}

{% macro default__raw_rows(table, files, paths) %}
    {#- What was landed from an older content of a file may still lie there: a row counts if its content is listed. -#}
    select
        files.file_id,
        landed._line_number as line_number,
        landed._raw_row as raw_row,
        landed._row_problem as row_problem,
        landed._extra_columns as extra_columns,
        {%- for column in table.columns %}
        landed.{{ column.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ landed_relation(table, table.name) }} as landed
    inner join {{ files }} as files
        on landed._source_file = files.source_file and landed._batch_id = files.content_hash
    where
        files.table_name = '{{ table.name }}'
        {%- if is_incremental() %}
        and landed._source_file in ({% for path in paths %}{{ sql_string(path) }}{{ ', ' if not loop.last }}{% endfor %})
        {%- if is_monthly(table) %}
        -- Only the partitions of these files are scanned.
        and landed.reference_month in (
            {%- for month in reference_months(paths) %}'{{ month }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
        {%- endif %}
        {%- endif %}
{% endmacro %}

{#-
    Whether rows that are known already have to be judged again, asked before the query is written: Athena bills
    by the byte, and to look at the keys alone is cheap, while the rows are read whole as soon as a query names
    them. DuckDB would have to read the text files twice for the answer.
-#}
{% macro known_rows_are_touched(table, files, paths) %}
    {{ return(adapter.dispatch('known_rows_are_touched', 'lastro')(table, files, paths)) }}
{% endmacro %}

{% macro duckdb__known_rows_are_touched(table, files, paths) %}
    {{ return(true) }}
{% endmacro %}

{% macro default__known_rows_are_touched(table, files, paths) %}
    {%- if not is_running() -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set query -%}
        select count(*) as touched_rows
        from {{ this }} as known
        where
            known.reasons is null
            and (
                known.file_id not in (select file_id from {{ files }})
                {%- if paths %}
                or exists (
                    select 1
                    from ({{ raw_rows(table, files, paths) }}) as new_rows
                    where
                        {%- if 'file_id' in table.key %}
                        new_rows.file_id = known.file_id and
                        {%- endif %}
                        {%- for column in table.columns if column.name in table.key %}
                        {{ typed_cell('new_rows.' ~ column.name, column.type) }} = known.{{ column.name }}
                        {{- ' and' if not loop.last }}
                        {%- endfor %}
                )
                {%- endif %}
            )
    {%- endset -%}
    {{ return(run_query(query)[0][0] > 0) }}
{% endmacro %}
