{% macro rejected_rows(rows, files) %}
    select
        files.source_name,
        files.table_name,
        files.source_file,
        base.line_number,
        base.raw_row,
        base.reasons,
        files.reference_period
    from {{ rows }} as base
    inner join {{ files }} as files on base.file_id = files.file_id
    where base.reasons is not null
{% endmacro %}
