{#-
    JSON files hold an array of objects or one object a line. Arrays that parse as a whole are read by DuckDB's own
    reader; of an array that does not, the objects are cut apart where one ends and the next begins, so that a
    broken one does not lose the others; every other file is read line by line.
-#}

{% macro duckdb__paths_by_json_layout(paths) %}
    {%- set layouts = {'array': [], 'broken array': [], 'lines': []} -%}
    {%- if paths and is_running() -%}
        {%- set query -%}
            select
                filename,
                case
                    when not regexp_matches(left(content, 1000), '^[\s\x{FEFF}]*\[') then 'lines'
                    when json_valid(content) then 'array'
                    else 'broken array'
                end as layout
            from read_text({{ duckdb__path_list(paths) }})
        {%- endset -%}
        {%- for filename, layout in run_query(query) -%}
            {%- do layouts[layout].append(filename[(raw_root() ~ '/') | length:]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(layouts) }}
{% endmacro %}

{% macro duckdb__path_list(paths) -%}
    {#- A * in a name is a letter as any other, and no pattern. -#}
    [
        {%- for path in paths -%}
            {{ sql_string(modules.re.sub('([*?[])', '[\\1]', raw_root() ~ '/' ~ path)) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ]
{%- endmacro %}

{% macro duckdb__json_record_ctes(paths) %}
    {#- Common table expressions that end in `records`: file, position in it and text of each object or line. -#}
    {%- set layouts = duckdb__paths_by_json_layout(paths) %}
    numbered_records as materialized (
        {%- if layouts['array'] %}
        select
            filename,
            row_number() over () as position,
            cast(json as varchar) as record
        from read_json_objects(
            {{ duckdb__path_list(layouts['array']) }},
            format = 'array',
            filename = true,
            maximum_object_size = 134217728
        )
        union all
        {%- endif %}
        {%- if layouts['lines'] %}
        select
            filename,
            row_number() over () as position,
            line as record
        from read_csv(
            {{ duckdb__path_list(layouts['lines']) }},
            columns = {'line': 'varchar'},
            header = false,
            auto_detect = false,
            filename = true,
            delim = chr(1114111),
            quote = '',
            escape = '',
            strict_mode = false
        )
        union all
        {%- endif %}
        {%- if layouts['broken array'] %}
        select
            filename,
            generate_subscripts(pieces, 1) as position,
            unnest(pieces) as record
        from (
            select
                filename,
                string_split(
                    regexp_replace(
                        regexp_replace(content, '^[\s\x{FEFF}]*\[|\][\s]*$', '', 'g'),
                        '\}\s*,\s*\{',
                        '}' || chr(1114110) || '{',
                        'g'
                    ),
                    chr(1114110)
                ) as pieces
            from read_text({{ duckdb__path_list(layouts['broken array']) }})
        )
        union all
        {%- endif %}
        select
            '' as filename,
            0 as position,
            '' as record
        where 1 = 0
    ),

    first_positions as (
        select
            filename,
            min(position) as position
        from numbered_records
        group by filename
    ),

    records as (
        select
            substr(numbered_records.filename, {{ (raw_root() ~ '/') | length + 1 }}) as source_file,
            numbered_records.position - first_positions.position + 1 as line_number,
            trim(numbered_records.record, ' ' || chr(9) || chr(10) || chr(13) || chr(65279)) as record
        from numbered_records
        inner join first_positions on numbered_records.filename = first_positions.filename
        where trim(numbered_records.record, ' ' || chr(9) || chr(10) || chr(13) || chr(65279)) <> ''
    )
{%- endmacro %}

{% macro duckdb__read_json_files(table, paths) %}
    with listed_files as (
        {%- if paths and is_running() %}
        select
            substr(filename, {{ (raw_root() ~ '/') | length + 1 }}) as source_file,
            md5(content) as content_hash
        from read_text({{ duckdb__path_list(paths) }})
        {%- else %}
        select
            '' as source_file,
            '' as content_hash
        where 1 = 0
        {%- endif %}
    ),

    {{ duckdb__json_record_ctes(paths) }},

    counted_records as (
        select
            source_file,
            count(*) as raw_rows
        from records
        group by source_file
    )

    select
        '{{ table.source }}' as source_name,
        '{{ table.name }}' as table_name,
        listed_files.source_file,
        cast(null as date) as reference_period,
        cast(null as varchar) as delimiter,
        cast(null as bigint) as header_line,
        cast(null as varchar) as column_names,
        cast(null as varchar) as extra_columns,
        listed_files.content_hash,
        {{ bigint_hash("listed_files.source_file || '|' || listed_files.content_hash") }} as file_id,
        cast(coalesce(counted_records.raw_rows, 0) as bigint) as raw_rows,
        cast(null as decimal(18, 2)) as raw_amount,
        case
            when not regexp_matches(listed_files.source_file, {{ sql_string(raw_path_pattern(table)) }}) then
                listed_files.source_file
                || ': the name is not {{ table.path }}. Rename the file, or move it out of the raw folder.'
        end as problem
    from listed_files
    left join counted_records on listed_files.source_file = counted_records.source_file
{% endmacro %}

{% macro duckdb__read_json_rows(table, files, paths) %}
    {#- A map becomes an object whose values are all texts: engines write numbers in different ways. -#}
    {%- set maps = table.columns | selectattr('is_map') | map(attribute='name') | list %}
    with {{ duckdb__json_record_ctes(paths) }},

    checked_records as (
        select
            source_file,
            line_number,
            record,
            case
                when not json_valid(record) then 'row:not_json'
                when json_type(record) <> 'OBJECT' then 'row:not_an_object'
                {%- for name in maps %}
                when json_type(record, '$."{{ name }}"') not in ('OBJECT', 'NULL') then '{{ name }}:not_an_object'
                when
                    len(json_keys(record, '$."{{ name }}"')) <> len(list_distinct(json_keys(record, '$."{{ name }}"')))
                    then '{{ name }}:repeated_key'
                {%- endfor %}
            end as row_problem
        from records
    ),

    sound_records as (
        select
            *,
            case when row_problem is null then record end as sound_record
        from checked_records
    )

    select
        files.file_id,
        sound_records.line_number,
        sound_records.record as raw_row,
        sound_records.row_problem,
        case
            when len(json_keys(sound_records.sound_record)) > {{ table.columns | length }} then cast(
                json_merge_patch(
                    sound_records.sound_record,
                    {{ sql_string('{' ~ table.columns | map(attribute='name') | map('tojson') | join(': null, ') ~ ': null}') }}
                ) as varchar
            )
        end as extra_columns,
        {%- for column in table.columns %}
        {%- if column.is_map %}
        cast(to_json(cast(
            json_extract(sound_records.sound_record, '$."{{ column.name }}"') as map(varchar, varchar)
        )) as varchar) as {{ column.name }}{{ ',' if not loop.last }}
        {%- else %}
        json_extract_string(sound_records.sound_record, '$."{{ column.name }}"') as {{ column.name }}
        {{- ',' if not loop.last }}
        {%- endif %}
        {%- endfor %}
    from sound_records
    inner join {{ files }} as files
        on sound_records.source_file = files.source_file and files.table_name = '{{ table.name }}'
{% endmacro %}
