{% macro repeated_rows(source_relation, rows, files) %}
    {#-
        Among the accepted rows of a key the newest wins: by its file's period, then file name, then line. Any other row
        is a duplicate if a newer one has the same content in every column, and superseded otherwise.
    -#}
    {%- set table = raw_table(source_relation) -%}
    {%- set key = table.key | join(', ') -%}
with accepted_rows as (
    select * from {{ rows }}
    where reasons is null
),

arquivos as (
    select * from {{ files }}
),

touched_keys as (
    select {{ key }}
    from accepted_rows
    where true {{ and_unit_is_missing('file_id') }}
),

repeated_keys as (
    select {{ key }}
    from accepted_rows
    where {{ is_touched('(' ~ key ~ ')') }}
    group by {{ key }}
    having count(*) > 1
),

candidate_rows as (
    select
        accepted_rows.*,
        arquivos.reference_period,
        arquivos.source_file
    from accepted_rows
    inner join repeated_keys
        on {% for column in table.key -%}
            accepted_rows.{{ column }} = repeated_keys.{{ column }}{{ ' and ' if not loop.last }}
        {%- endfor %}
    inner join arquivos on accepted_rows.file_id = arquivos.file_id
),

ranked_rows as (
    select
        *,
        first_value(file_id) over (
            partition by {{ key }}
            order by reference_period desc nulls last, source_file desc, line_number desc
        ) as kept_file_id,
        row_number() over (
            partition by {{ key }}
            order by reference_period desc nulls last, source_file desc, line_number desc
        ) as rank_in_key,
        row_number() over (
            partition by {{ (table.key + table.columns | map(attribute='name') | list) | unique | join(', ') }}
            order by reference_period desc nulls last, source_file desc, line_number desc
        ) as rank_in_content
    from candidate_rows
),

repeated_rows as (
    select
        file_id,
        line_number,
        {{ table.key | reject('equalto', 'file_id') | join(',\n        ') }},
        {{ table.date ~ ',' if table.date and table.date not in table.key }}
        kept_file_id,
        case when rank_in_content > 1 then 'duplicate' else 'superseded' end as disposition
    from ranked_rows
    where rank_in_key > 1
)

select * from repeated_rows
{% endmacro %}
