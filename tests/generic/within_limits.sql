{% test within_limits(model, raw_table_source, rows, files) %}
    {#-
        A file of 100 rows and more of which too many are rejected, or replace other content of their key, is not what
        it should be: other columns, or ids that begin again. A test that fails says how many rows it found and not which;
        where it is an error, a cast that cannot work tells the file, the count and the first case.
    -#}
    {%- set table = raw_table(raw_table_source) %}
with judged_files as (
    select
        base.file_id,
        count(*) as total_rows,
        count(base.reasons) as rejected_rows,
        min(case when base.reasons is not null then base.line_number end) as first_rejected_line,
        min_by(base.reasons, case when base.reasons is not null then base.line_number end) as first_reasons,
        count(case when repeated.disposition = 'superseded' then 1 end) as superseded_rows,
        min(case when repeated.disposition = 'superseded' then base.line_number end) as first_superseded_line
    from {{ rows }} as base
    left join {{ model }} as repeated on base.file_id = repeated.file_id and base.line_number = repeated.line_number
    group by base.file_id
    having count(*) >= 100
),

exceeded_files as (
    select
        arquivos.source_file || ': ' || cast(judged.rejected_rows as varchar) || ' of '
        || cast(judged.total_rows as varchar) || ' rows are rejected, more than {{ table.rejected_percent }} %; the first on line '
        || cast(judged.first_rejected_line as varchar) || ' for ' || judged.first_reasons as message
    from judged_files as judged
    inner join {{ files }} as arquivos on judged.file_id = arquivos.file_id
    where judged.rejected_rows * 100 > judged.total_rows * {{ table.rejected_percent }}
    union all
    select
        arquivos.source_file || ': ' || cast(judged.superseded_rows as varchar) || ' of '
        || cast(judged.total_rows as varchar) || ' rows are replaced by other content of their key, more than '
        || '{{ table.superseded_percent }} %; the first on line ' || cast(judged.first_superseded_line as varchar)
    from judged_files as judged
    inner join {{ files }} as arquivos on judged.file_id = arquivos.file_id
    where judged.superseded_rows * 100 > judged.total_rows * {{ table.superseded_percent }}
)

    {%- if table.on_exceeded == 'warn' %}
    {{ config(severity='warn') }}
select message
from exceeded_files
    {%- else %}
select message
from exceeded_files
where cast(message as integer) is not null
    {%- endif %}
{% endtest %}
