with rejected_rows as (
    {%- for source_relation, files, base in raw_tables() %}
    select
        files.source_name,
        files.table_name,
        files.source_file,
        base.line_number,
        base.raw_row,
        base.reasons,
        files.reference_period
    from {{ base }} as base
    inner join {{ files }} as files on base.file_id = files.file_id
    where base.disposition = 'rejected'
    {{- ' union all' if not loop.last }}
    {%- endfor %}
)

select * from rejected_rows
