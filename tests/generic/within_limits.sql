{% test within_limits(model, raw_table_source, rows, files) %}
    {#-
        No file of which too much is wrong, unless its source says `on_exceeded: warn` (warn_exceeded_limits then tells).
        A test that fails says how many rows it found and not which: a cast that cannot work tells file, count and case.
    -#}
    {%- set table = raw_table(raw_table_source) %}
select message
from ({{ exceeded_limits(table, rows, model, files) }}) as exceeded_files
where {{ 'cast(message as integer) is not null' if table.on_exceeded == 'error' else '1 = 0' }}
{% endtest %}
