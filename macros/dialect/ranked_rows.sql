{#-
    The newest row of a key wins; of rows with the same content the newest one stands for all. Trino computes
    a common table expression again wherever it is named, so there every row is ranked in one pass; on
    DuckDB it is much faster to find the few keys that come twice and to rank their rows alone.
-#}
{% macro ranked_rows(key, names, files) %}
    {{ return(adapter.dispatch('ranked_rows', 'lastro')(key, names, files)) }}
{% endmacro %}

{% macro default__ranked_rows(key, names, files) %}
ranked_rows as (
    select
        candidate_rows.*,
        row_number() over (
            partition by candidate_rows.reasons, {% for column in key %}candidate_rows.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by {{ newest_first() }}
        ) as rank_in_key,
        row_number() over (
            partition by
                candidate_rows.reasons,
                {% for name in names %}candidate_rows.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
            order by {{ newest_first() }}
        ) as rank_in_content
    from candidate_rows
    inner join {{ files }} as files on candidate_rows.file_id = files.file_id
)
{% endmacro %}

{% macro duckdb__ranked_rows(key, names, files) %}
repeated_keys as (
    select {{ key | join(', ') }}
    from candidate_rows
    where reasons is null
    group by {{ key | join(', ') }}
    having count(*) > 1
),

repeated_rows as (
    select
        candidate_rows.file_id,
        candidate_rows.line_number,
        row_number() over (
            partition by {% for column in key %}candidate_rows.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
            order by {{ newest_first() }}
        ) as rank_in_key,
        row_number() over (
            partition by {% for name in names %}candidate_rows.{{ name }}{{ ', ' if not loop.last }}{% endfor %}
            order by {{ newest_first() }}
        ) as rank_in_content
    from candidate_rows
    inner join repeated_keys on {{ same_key('candidate_rows', 'repeated_keys', key) }}
    inner join {{ files }} as files on candidate_rows.file_id = files.file_id
    where candidate_rows.reasons is null
),

ranked_rows as (
    select
        candidate_rows.*,
        repeated_rows.rank_in_key,
        repeated_rows.rank_in_content
    from candidate_rows
    left join repeated_rows
        on
            candidate_rows.file_id = repeated_rows.file_id
            and candidate_rows.line_number = repeated_rows.line_number
)
{% endmacro %}
