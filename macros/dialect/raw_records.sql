{#- Reading text files is what only DuckDB does: on Athena the rows come landed as Parquet. -#}

{% macro duckdb__record_ctes(table, paths) %}
    {#-
        Common table expressions that end in `records`: one row per CSV record with its file, the line on
        which it starts and its exact text. The files are read as lines first, so that a record keeps both
        whatever is wrong with it. The delimiter is a Unicode non-character: a line is one column.
    -#}
    numbered_lines as materialized (
        {%- if not paths %}
        select
            0 as file_index,
            0 as position,
            '' as line
        where 1 = 0
        {%- else %}
        select
            file_index,
            row_number() over () as position,
            coalesce(line, '') as line
        from read_csv(
            {{ duckdb__path_list(paths) }},
            columns = {'line': 'varchar'},
            header = false,
            auto_detect = false,
            encoding = {{ sql_string(table.encoding) }},
            delim = chr(1114111),
            quote = '',
            escape = '',
            strict_mode = false
        )
        {%- endif %}
    ),

    -- A map instead of a join: with no statistics on files, the planner would build its hash table on them.
    first_positions as (
        select map(list(file_index), list(position)) as by_file
        from (
            select
                file_index,
                min(position) as position
            from numbered_lines
            group by file_index
        )
    ),

    -- A line with an odd number of quotes opens or closes a cell that holds a line end.
    split_files as (
        select distinct file_index
        from numbered_lines
        where {{ duckdb__has_open_quote('line') }}
    ),

    quoted_lines as (
        select
            numbered_lines.*,
            sum({{ duckdb__count_quotes('line') }}) over (
                partition by file_index order by position
            ) % 2 = 1 as is_open_after,
            sum({{ duckdb__count_quotes('line') }}) over (partition by file_index) % 2 = 1 as is_never_closed
        from numbered_lines
        semi join split_files on numbered_lines.file_index = split_files.file_index
    ),

    -- Where a quote is never closed, a record is a line: one broken row must not swallow the rest.
    started_lines as (
        select
            *,
            is_never_closed
            or not coalesce(lag(is_open_after) over (partition by file_index order by position), false) as is_start
        from quoted_lines
    ),

    counted_lines as (
        select
            *,
            count(*) filter (where is_start) over (partition by file_index order by position) as record_number
        from started_lines
    ),

    joined_lines as (
        select
            file_index,
            min(position) as position,
            string_agg(line, chr(10) order by position) as record
        from counted_lines
        group by file_index, record_number
    ),

    positioned_records as not materialized (
        select
            file_index,
            position,
            line as record
        from numbered_lines
        anti join split_files on numbered_lines.file_index = split_files.file_index
        union all
        select * from joined_lines
    ),

    records as not materialized (
        select
            file_index,
            position - (select by_file from first_positions)[file_index] + 1 as line_number,
            record
        from positioned_records
        -- Any character after the blank makes a row; only the few others are worth trimming.
        where record >= '!' or trim(record, ' ' || chr(9)) <> ''
    )
{%- endmacro %}

{% macro duckdb__has_quoted_cell(text) -%}
    {#-
        Only a quote at the start of a cell quotes; anywhere else it is a character like any other. DuckDB
        evaluates both sides of an `and` for every row, but the branch of a `case` only where it is taken.
    -#}
    case when contains({{ text }}, '"') then regexp_matches({{ text }}, '(^|[,;|\t])"') else false end
{%- endmacro %}

{% macro duckdb__has_open_quote(text) -%}
    case
        when contains({{ text }}, '"')
            then {{ duckdb__has_quoted_cell(text) }} and {{ duckdb__count_quotes(text) }} % 2 = 1
        else false
    end
{%- endmacro %}

{% macro duckdb__count_quotes(text) -%}
    (length({{ text }}) - length(replace({{ text }}, '"', '')))
{%- endmacro %}

{% macro duckdb__split_record(record, delimiter) -%}
    {#-
        The cells of a CSV record. Between two quotes a delimiter is text, and a doubled quote is a quote.
        Cut at the quotes, every second piece is inside them; an empty piece outside, with quoted ones on
        both sides, is a doubled quote. The delimiters outside become a Unicode non-character.
    -#}
    case
        when not ({{ duckdb__has_quoted_cell(record) }}) then string_split({{ record }}, {{ delimiter }})
        else string_split(
            array_to_string(
                list_transform(
                    string_split({{ record }}, '"'),
                    lambda piece, i: case
                        when i % 2 = 0 then piece
                        when piece = '' and i > 1 and i <= {{ duckdb__count_quotes(record) }} then '"'
                        else replace(piece, {{ delimiter }}, chr(1114110))
                    end
                ),
                ''
            ),
            chr(1114110)
        )
    end
{%- endmacro %}
