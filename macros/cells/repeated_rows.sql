{% macro repeated_rows(source_relation, rows, files) %}
    {#-
        Of the accepted rows of one key the newest wins: by the period of its file, the file's name, its line. Another
        row is a duplicate if a newer one says the same in every column, and superseded if not.
    -#}
    {%- set table = raw_table(source_relation) -%}
    {%- set names = table.columns | map(attribute='name') | list -%}
with accepted_rows as (
    select * from {{ rows }}
    where reasons is null
),

repeated_keys as (
    select {{ table.key | join(', ') }}
    from accepted_rows
    group by {{ table.key | join(', ') }}
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
    inner join {{ files }} as arquivos on accepted_rows.file_id = arquivos.file_id
),

ranked_rows as (
    select
        *,
        row_number() over (
            partition by {{ table.key | join(', ') }}
            order by reference_period desc nulls last, source_file desc, line_number desc
        ) as rank_in_key,
        row_number() over (
            partition by {{ names | join(', ') }}
            order by reference_period desc nulls last, source_file desc, line_number desc
        ) as rank_in_content
    from candidate_rows
)

select
    file_id,
    line_number,
    {{ table.key | reject('equalto', 'file_id') | join(',\n    ') }},
    case when rank_in_content > 1 then 'duplicate' else 'superseded' end as disposition
from ranked_rows
where rank_in_key > 1
{% endmacro %}
