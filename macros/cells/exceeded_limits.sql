{% macro exceeded_limits(table, rows, repeated, files) %}
    {#- One message for each file of 100 rows and more of which too many are rejected, or replace other content. #}
    with judged_files as (
        select
            base.file_id,
            count(*) as total_rows,
            count(base.reasons) as rejected_rows,
            min(case when base.reasons is not null then base.line_number end) as first_rejected,
            min_by(base.reasons, case when base.reasons is not null then base.line_number end) as first_reasons,
            count(case when repeated.disposition = 'superseded' then 1 end) as superseded_rows,
            min(case when repeated.disposition = 'superseded' then base.line_number end) as first_superseded
        from {{ rows }} as base
        left join {{ repeated }} as repeated
            on base.file_id = repeated.file_id and base.line_number = repeated.line_number
        group by base.file_id
        having count(*) >= 100
    )

    select
        arquivos.source_file || ': ' || cast(judged_files.rejected_rows as varchar) || ' of '
        || cast(judged_files.total_rows as varchar) || ' rows are rejected, more than {{ table.rejected_percent }} %; '
        || 'the first on line ' || cast(judged_files.first_rejected as varchar) || ' for ' || judged_files.first_reasons
            as message
    from judged_files
    inner join {{ files }} as arquivos on judged_files.file_id = arquivos.file_id
    where judged_files.rejected_rows * 100 > judged_files.total_rows * {{ table.rejected_percent }}
    union all
    select
        arquivos.source_file || ': ' || cast(judged_files.superseded_rows as varchar) || ' of '
        || cast(judged_files.total_rows as varchar) || ' rows are replaced by other content of their key, more than '
        || '{{ table.superseded_percent }} %; the first on line ' || cast(judged_files.first_superseded as varchar)
            as message
    from judged_files
    inner join {{ files }} as arquivos on judged_files.file_id = arquivos.file_id
    where judged_files.superseded_rows * 100 > judged_files.total_rows * {{ table.superseded_percent }}
{% endmacro %}
