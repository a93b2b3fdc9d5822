{% macro raw_files(source_relation) %}
    {%- set table = raw_table(source_relation) -%}
    {{ return(adapter.dispatch('raw_files', 'lastro')(table)) }}
{% endmacro %}

{% macro duckdb__raw_files(table) %}
    {%- if landed_root() -%}
        {{ return(default__raw_files(table)) }}
    {%- endif -%}
    {%- set reader = duckdb__read_json_files if is_json(table) else duckdb__read_raw_files -%}
    {#- What a file is said to be depends on how it is declared and read, too: the query over no file tells that. -#}
    {%- set reading = local_md5(raw_root() ~ reader(table, [])) -%}
    {%- set paths = raw_paths(table) -%}
    {%- set known = duckdb__known_files(table, paths, reading) -%}
    {%- set new = paths | reject('in', known) | list %}
    select
        read_files.*,
        file_states.file_state
    from ({{ reader(table, new) }}) as read_files
    left join ({{ duckdb__file_states(new, reading) }}) as file_states on read_files.source_file = file_states.source_file
    {%- if known %}
    union all
    select
        {%- for name, type in landed_file_columns() %}
        {{ name }},
        {%- endfor %}
        file_state
    from {{ this }}
    where
        table_name = '{{ table.name }}'
        and source_file in ({% for path in known %}{{ sql_string(path) }}{{ ', ' if not loop.last }}{% endfor %})
    {%- endif %}
{% endmacro %}

{#-
    Files of gigabytes are not read again to find that they are as they were: size and time of change tell, as they
    tell git. A file that changed while the run began is not told by its time, and has no state.
-#}
{% macro duckdb__file_states(paths, reading) %}
    {%- if not paths -%}
    select '' as source_file, '' as file_state where false
    {%- else %}
    select
        filename[{{ (raw_root() | length) + 2 }}:] as source_file,
        case
            when epoch(last_modified) < {{ run_started_at.timestamp() | int - 2 }}
                then md5('{{ reading }}' || size || ' ' || epoch_us(last_modified))
        end as file_state
    from read_blob({{ duckdb__path_list(paths) }})
    {%- endif -%}
{% endmacro %}

{% macro duckdb__known_files(table, paths, reading) %}
    {#- The files that the last build read, and that are as they were. A full refresh and `lastro land` know none. -#}
    {%- if not is_running() or flags.WHICH == 'run-operation' or flags.FULL_REFRESH or not paths -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set built = load_relation(this) -%}
    {%- if built is none or 'file_state' not in adapter.get_columns_in_relation(built) | map(attribute='name') -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set query -%}
        select built.source_file
        from {{ built }} as built
        inner join ({{ duckdb__file_states(paths, reading) }}) as file_states
            on built.source_file = file_states.source_file and built.file_state = file_states.file_state
        where built.table_name = '{{ table.name }}' and built.problem is null
    {%- endset -%}
    {{ return(run_query(query).columns[0].values() | list) }}
{% endmacro %}

{% macro duckdb__read_raw_files(table, paths) %}
    {%- set declared = table.columns | map(attribute='name') | list -%}
    {%- set required = table.columns | selectattr('required') | map(attribute='name') | list %}
    with listed_files as (
        select
            file_index,
            source_file,
            regexp_matches(source_file, {{ sql_string(raw_path_pattern(table)) }}) as is_named_right,
            regexp_extract(source_file, {{ sql_string(raw_path_pattern(table)) }}, 1) as period_text
        from (
            {%- if paths %}
            values
            {%- for path in paths %}
            ({{ loop.index0 }}, {{ sql_string(path) }}){{ ',' if not loop.last }}
            {%- endfor %}
            {%- else %}
            select 0, '' where false
            {%- endif %}
        ) as files (file_index, source_file)
    ),

    {{ duckdb__record_ctes(table, paths) }},

    header_records as (
        select
            file_index,
            min(line_number) as header_line,
            arg_min(record, line_number) as header_record
        from records
        group by file_index
    ),

    -- The delimiter is the candidate that the header holds most often.
    delimited_headers as (
        select
            *,
            list_sort(
                list_transform(
                    [',', ';', chr(9), '|'],
                    lambda candidate: {
                        'times': length(header_record) - length(replace(header_record, candidate, '')),
                        'delimiter': candidate
                    }
                ),
                'desc'
            )[1].delimiter as delimiter
        from header_records
    ),

    headers as (
        select
            *,
            list_transform(
                {{ duckdb__split_record('header_record', 'delimiter') }},
                lambda name, i: coalesce(nullif(lower(trim(name, ' ' || chr(9) || chr(65279))), ''), 'column_' || i)
            ) as column_names
        from delimited_headers
    ),

    -- A map instead of a join, for the same reason as above.
    header_maps as (
        select
            map(list(file_index), list(header_line)) as line_by_file,
            map(list(file_index), list(delimiter)) as delimiter_by_file,
            map(list(file_index), list(len(column_names))) as column_count_by_file,
            map(list(file_index), list(list_position(column_names, '{{ table.amount }}'))) as amount_position_by_file
        from headers
    ),

    data_records as (
        select
            *,
            (select delimiter_by_file from header_maps)[file_index] as delimiter,
            (select column_count_by_file from header_maps)[file_index] as column_count,
            (select amount_position_by_file from header_maps)[file_index] as amount_position
        from records
        where line_number > (select line_by_file from header_maps)[file_index]
    ),

    split_records as (
        select
            *,
            {{ duckdb__split_record('record', 'delimiter') }} as cells
        from data_records
    ),

    counted_records as (
        select
            file_index,
            count(*) as raw_rows,
            {%- if table.amount %}
            sum({{ typed_cell('cells[amount_position]', 'decimal(18, 2)') }}) filter (
                where len(cells) = column_count and not ({{ duckdb__has_open_quote('record') }})
            ) as raw_amount,
            {%- else %}
            null as raw_amount,
            {%- endif %}
            sum(hash(line_number, record)) as content_sum
        from split_records
        group by file_index
    ),

    described_files as (
        select
            listed_files.source_file,
            listed_files.is_named_right,
            listed_files.period_text,
            {{ duckdb__period_date('listed_files.period_text') }} as reference_period,
            headers.header_line,
            headers.delimiter,
            headers.column_names,
            list_filter({{ required }}, lambda name: not list_contains(headers.column_names, name)) as missing_columns,
            list_filter(headers.column_names, lambda name: not list_contains({{ declared }}, name)) as extra_columns,
            list_filter(
                list_distinct(headers.column_names),
                lambda name: len(list_filter(headers.column_names, lambda other: other = name)) > 1
            ) as repeated_columns,
            coalesce(counted_records.raw_rows, 0) as raw_rows,
            {{ 'coalesce(counted_records.raw_amount, 0)' if table.amount else 'null' }} as raw_amount,
            md5(headers.header_record || '|' || coalesce(counted_records.content_sum, 0)) as content_hash
        from listed_files
        left join headers on listed_files.file_index = headers.file_index
        left join counted_records on listed_files.file_index = counted_records.file_index
    )

    select
        '{{ table.source }}' as source_name,
        '{{ table.name }}' as table_name,
        source_file,
        reference_period,
        delimiter,
        cast(header_line as bigint) as header_line,
        to_json(column_names)::varchar as column_names,
        nullif(array_to_string(extra_columns, ', '), '') as extra_columns,
        content_hash,
        {{ bigint_hash("source_file || '|' || content_hash") }} as file_id,
        cast(raw_rows as bigint) as raw_rows,
        cast(raw_amount as decimal(18, 2)) as raw_amount,
        case
            when not is_named_right or (period_text <> '' and reference_period is null) then
                source_file || ': the name is not {{ table.path }}. Rename the file, or move it out of the raw folder.'
            when column_names is null then
                source_file || ', line 1: the file is empty. A month without rows has a header: ask for the file again.'
            when len(missing_columns) > 0 then
                source_file || ', line ' || header_line || ': required column '
                || array_to_string(missing_columns, ', ') || ' is missing; the header has '
                || array_to_string(column_names, ', ') || '. Correct the header, or declare the column optional.'
            when len(repeated_columns) > 0 then
                source_file || ', line ' || header_line || ': column ' || array_to_string(repeated_columns, ', ')
                || ' stands twice in the header. Remove or rename one of them.'
        end as problem
    from described_files
{% endmacro %}

{% macro duckdb__period_date(text) -%}
    cast(
        case length({{ text }})
            when 6 then try_strptime({{ text }}, '%Y%m')
            when 8 then try_strptime({{ text }}, '%Y%m%d')
        end as date
    )
{%- endmacro %}

{% macro default__raw_files(table) %}
    select
        {%- for name, type in landed_file_columns() %}
        {{ name }},
        {%- endfor %}
        cast(null as varchar) as file_state
    from {{ landed_relation(table, 'arquivos') }}
    where table_name = '{{ table.name }}'
{% endmacro %}
