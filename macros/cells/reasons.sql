{% macro reasons(source_relation, rules={}) -%}
    {#-
        A row that cannot be split into cells has only that reason. Any other row lists every reason that applies. Few rows
        have one, and to find that there is none costs much less than to join what there is.
    -#}
    {%- set found = [] -%}
    {%- for column in raw_table(source_relation).columns if column.required or column.type != 'varchar' -%}
        {%- do found.append(reason_of_cell(column)) -%}
    {%- endfor -%}
    {%- for code, condition in rules.items() -%}
        {%- do found.append("case when " ~ condition ~ " then '" ~ code ~ "' end") -%}
    {%- endfor -%}
    case
        when row_problem is not null then row_problem
        when coalesce(
            {{ found | join(',\n            ') }},
            null
        ) is null then null
        else concat_ws(
            ',',
            {{ found | join(',\n            ') }}
        )
    end
{%- endmacro %}

{% macro reason_of_cell(column) -%}
    {%- set missing = "'" ~ column.name ~ ":missing'" if column.required else 'null' -%}
    {%- if column.type == 'varchar' or column.is_typed -%}
        case when {{ column.name }} is null then {{ missing }} end
    {%- else -%}
        {%- set code = {
            'date': 'not_a_date', 'timestamp': 'not_a_timestamp', 'bigint': 'not_a_whole_number'
        }.get(column.type, 'not_a_number') -%}
        case
                when {{ column.name }} is null and coalesce({{ trimmed(column.name ~ '_cell') }}, '') = '' then {{ missing }}
                {%- if code == 'not_a_number' %}
                when {{ column.name }} is null and {{ matches(column.name ~ '_cell', '[^0-9]*([0-9][., ]?){15,}[^0-9]*') }}
                    then '{{ column.name }}:out_of_range'
                {%- endif %}
                when {{ column.name }} is null then '{{ column.name }}:{{ code }}'
                {%- if column.type in ['date', 'timestamp'] %}
                when {{ column.name }} < date '1900-01-01' or {{ column.name }} >= date '2100-01-01'
                    then '{{ column.name }}:out_of_range'
                {%- endif %}
                {%- if column.days_after_period is not none %}
                when {{ column.name }} > {{ add_days('reference_period', column.days_after_period) }}
                    then '{{ column.name }}:after_period'
                {%- endif %}
            end
    {%- endif -%}
{%- endmacro %}

{% macro warnings(rules={}) -%}
    {#- Like reasons, but a row with only warnings is accepted. -#}
    {%- if not rules -%}
    cast(null as varchar)
    {%- else -%}
    nullif(concat_ws(
        ',',
        {%- for code, condition in rules.items() %}
        case when {{ condition }} then '{{ code }}' end,
        {%- endfor %}
        null
    ), '')
    {%- endif -%}
{%- endmacro %}
