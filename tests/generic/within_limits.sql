{% test within_limits(model, raw_table_source, rows, files) %}
    {#-
        Invariant: no file exceeds its limits, unless its source sets `on_exceeded: warn` (warn_exceeded_limits reports
        it then). A failing test reports how many rows it found, not which ones. A cast that cannot succeed puts the
        file, the count and the first case into the error instead.
    -#}
    {%- set table = raw_table(raw_table_source) %}
select message
from ({{ exceeded_limits(table, rows, model, files) }}) as exceeded_files
where {{ 'cast(message as integer) is not null' if table.on_exceeded == 'error' else '1 = 0' }}
{% endtest %}
