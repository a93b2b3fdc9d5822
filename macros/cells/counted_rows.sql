{% macro counted_rows(source_relation, rows, repeated) %}
    {#- One row per file and disposition. The dates decide which reference dates a file can change. -#}
    {%- set table = raw_table(source_relation) -%}
    {%- set amount = 'base.' ~ table.amount if table.amount else 'cast(null as decimal(18, 2))' -%}
    select
        base.file_id,
        coalesce(case when base.reasons is not null then 'rejected' end, repeated.disposition, 'accepted') as disposition,
        count(*) as total_rows,
        sum({{ amount }}) as amount,
        {{ 'count(*) - count(' ~ amount ~ ')' if table.amount else '0' }} as unreadable_rows,
        min({{ 'base.' ~ table.date if table.date else 'cast(null as date)' }}) as first_date,
        max({{ 'base.' ~ table.date if table.date else 'cast(null as date)' }}) as last_date
    from {{ rows }} as base
    left join {{ repeated }} as repeated
        on base.file_id = repeated.file_id and base.line_number = repeated.line_number
    where base.file_id is not null {{ and_unit_is_missing('base.file_id') }}
    group by 1, 2
{% endmacro %}

{% macro versions_of_files(files, repeated) %}
    {#- A file's dispositions depend on its content, its counts and its repeated rows; input_version covers them. -#}
    select
        files.*,
        concat_ws(
            ' ',
            cast(files.file_id as varchar),
            cast(files.raw_rows as varchar),
            cast(files.raw_amount as varchar),
            cast(files.unreadable_amounts as varchar),
            cast(files.landed_rows as varchar),
            cast(repeated_rows.fingerprint as varchar),
            files.problem
        ) as input_version
    from {{ files }} as files
    left join (
        select
            file_id,
            sum(cast({{ bigint_hash("cast(line_number as varchar) || disposition || cast(kept_file_id as varchar)") }} as decimal(38, 0)))
                as fingerprint
        from (
            {%- for relation in repeated %}
            select
                file_id,
                line_number,
                disposition,
                kept_file_id
            from {{ relation }}
            {{- ' union all' if not loop.last }}
            {%- endfor %}
        ) as repeated
        group by file_id
    ) as repeated_rows on files.file_id = repeated_rows.file_id
{% endmacro %}
