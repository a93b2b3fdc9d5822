with rejected_rows as (
    {%- for table in raw_tables() %}
    select
        files.source_name,
        files.table_name,
        files.source_file,
        base.line_number,
        base.raw_row,
        base.reasons,
        files.reference_period
    from {{ table.rows }} as base
    inner join {{ table.files }} as files on base.file_id = files.file_id
    where base.reasons is not null
    {{- ' union all' if not loop.last }}
    {%- endfor %}
)

select * from rejected_rows
