{% macro extract_rows(base_name, columns) %}
    {#-
        What each extract says: its accepted rows. A row that was refused says nothing about its key, and its
        member, account or card is not gone for that: the last accepted row stands for it.
    -#}
    {%- set key = columns[0] %}
    {%- set base = ref(base_name) %}
    {%- set repeated = ref(base_name ~ '_repeated') %}
    {%- set files = ref('base_cooperativa__arquivos') %}
    select
        {%- for column in columns %}
        rows_of.{{ column }},
        {%- endfor %}
        files.reference_period as data_extrato,
        rows_of.file_id,
        rows_of.line_number
    from {{ base }} as rows_of
    inner join {{ files }} as files on rows_of.file_id = files.file_id
    left join {{ repeated }} as repeated
        on rows_of.file_id = repeated.file_id and rows_of.line_number = repeated.line_number
    where rows_of.reasons is null and repeated.file_id is null
    union all
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        data_extrato,
        file_id,
        line_number
    from (
        select
            {%- for column in columns %}
            earlier.{{ column }},
            {%- endfor %}
            refused.data_extrato,
            refused.file_id as refused_file_id,
            earlier.file_id,
            earlier.line_number,
            row_number() over (
                partition by refused.{{ key }}, refused.data_extrato order by files.reference_period desc
            ) as steps_back
        from (
            select
                rejected.{{ key }},
                rejected.file_id,
                files.reference_period as data_extrato
            from {{ base }} as rejected
            inner join {{ files }} as files on rejected.file_id = files.file_id
            where rejected.reasons is not null
            group by rejected.{{ key }}, rejected.file_id, files.reference_period
        ) as refused
        inner join {{ base }} as earlier on refused.{{ key }} = earlier.{{ key }} and earlier.reasons is null
        left join {{ repeated }} as repeated
            on earlier.file_id = repeated.file_id and earlier.line_number = repeated.line_number
        inner join {{ files }} as files
            on earlier.file_id = files.file_id and files.reference_period <= refused.data_extrato
        where repeated.file_id is null
    ) as carried
    -- Where the last accepted row is of that extract itself, it stands above already.
    where steps_back = 1 and file_id <> refused_file_id
{% endmacro %}
