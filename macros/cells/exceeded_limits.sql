{% macro exceeded_limits(table, rows, repeated, files) %}
    {#- One message per file with too many rejected or superseded rows. Files under 100 rows are too small to judge. #}
    with judged_files as (
        select
            file_id,
            count(*) as total_rows,
            count(reasons) as rejected_rows
        from {{ rows }}
        group by file_id
        having count(*) >= 100
    ),

    first_rejected_rows as (
        select
            base.file_id,
            min(base.line_number) as line_number,
            min_by(base.reasons, base.line_number) as reasons
        from {{ rows }} as base
        inner join judged_files on base.file_id = judged_files.file_id
        where
            base.reasons is not null
            and judged_files.rejected_rows * 100 > judged_files.total_rows * {{ table.rejected_percent }}
        group by base.file_id
    ),

    superseded_rows as (
        select
            file_id,
            count(*) as superseded_rows,
            min(line_number) as line_number
        from {{ repeated }}
        where disposition = 'superseded'
        group by file_id
    )

    select
        arquivos.source_file || ': ' || cast(judged_files.rejected_rows as varchar) || ' of '
        || cast(judged_files.total_rows as varchar) || ' rows are rejected, more than {{ table.rejected_percent }} %; '
        || 'the first is on line ' || cast(first_rejected_rows.line_number as varchar) || ': '
        || first_rejected_rows.reasons as message
    from judged_files
    inner join first_rejected_rows on judged_files.file_id = first_rejected_rows.file_id
    inner join {{ files }} as arquivos on judged_files.file_id = arquivos.file_id
    union all
    select
        arquivos.source_file || ': ' || cast(superseded_rows.superseded_rows as varchar) || ' of '
        || cast(judged_files.total_rows as varchar) || ' rows are superseded by different content, more than '
        || '{{ table.superseded_percent }} %; the first is on line ' || cast(superseded_rows.line_number as varchar)
            as message
    from judged_files
    inner join superseded_rows on judged_files.file_id = superseded_rows.file_id
    inner join {{ files }} as arquivos on judged_files.file_id = arquivos.file_id
    where superseded_rows.superseded_rows * 100 > judged_files.total_rows * {{ table.superseded_percent }}
{% endmacro %}
