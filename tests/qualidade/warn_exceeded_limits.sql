-- Warns of files that exceed their limits, for sources that set `on_exceeded: warn`. Other sources fail the build.
{{ config(severity='warn') }}

with files as (
    select * from {{ ref('reconciliacao') }}
    where raw_rows >= 100
),

limits as (
    {%- for node in graph.sources.values() if node.config.meta.get('on_exceeded') == 'warn' %}
    {%- set table = raw_table(source(node.source_name, node.name)) %}
    select
        '{{ node.source_name }}' as source_name,
        '{{ node.name }}' as table_name,
        {{ table.rejected_percent }} as rejected_percent,
        {{ table.superseded_percent }} as superseded_percent
    union all
    {%- endfor %}
    select
        '' as source_name,
        '' as table_name,
        100 as rejected_percent,
        100 as superseded_percent
)

select
    files.source_file,
    files.raw_rows,
    files.rejected_rows,
    files.superseded_rows
from files
inner join limits on files.source_name = limits.source_name and files.table_name = limits.table_name
where
    files.rejected_rows * 100 > files.raw_rows * limits.rejected_percent
    or files.superseded_rows * 100 > files.raw_rows * limits.superseded_percent
