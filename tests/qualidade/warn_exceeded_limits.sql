-- Files of which too much is wrong, of the raw tables whose source says `on_exceeded: warn`.
{{ config(severity='warn') }}

with exceeded_files as (
    select cast(null as varchar) as message
    {%- for table in raw_tables() if table.on_exceeded == 'warn' %}
    union all
    select message
    from ({{ exceeded_limits(table, table.rows, table.repeated, table.files) }}) as exceeded_of_table
    {%- endfor %}
)

select message
from exceeded_files
where message is not null
