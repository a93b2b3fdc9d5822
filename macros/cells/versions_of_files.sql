{% macro versions_of_files(files, repeated, file_version='file_id') %}
    {#- A file's dispositions depend on its content, its counts and its repeated rows; input_version covers them. -#}
with arquivos as (
    select * from {{ files }}
),

repeated_rows as (
    {%- for relation in repeated %}
    select
        file_id,
        line_number,
        disposition,
        kept_file_id
    from {{ relation }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

fingerprints as (
    select
        file_id,
        sum(cast({{ bigint_hash("cast(line_number as varchar) || disposition || cast(kept_file_id as varchar)") }} as decimal(38, 0)))
            as fingerprint
    from repeated_rows
    group by file_id
),

versioned_files as (
    select
        arquivos.*,
        concat_ws(
            ' ',
            cast(arquivos.{{ file_version }} as varchar),
            cast(arquivos.raw_rows as varchar),
            cast(arquivos.raw_amount as varchar),
            cast(arquivos.unreadable_amounts as varchar),
            cast(arquivos.landed_rows as varchar),
            cast(fingerprints.fingerprint as varchar),
            arquivos.problem
        ) as input_version
    from arquivos
    left join fingerprints on arquivos.file_id = fingerprints.file_id
)

select * from versioned_files
{% endmacro %}
