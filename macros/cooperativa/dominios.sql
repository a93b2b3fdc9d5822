{#- Maps a spelling to its domain value. An undeclared spelling is kept and listed in valores_desconhecidos. -#}

{% macro in_its_domain(rows, columns) %}
    select
        {{ rows }}.* ,
        {%- for column in columns %}
        coalesce({{ column }}_dominio.valor, {{ rows }}.{{ column }}) as {{ column }}_valor,
        {%- endfor %}
        nullif(concat_ws(
            ',',
            {%- for column in columns %}
            case
                when {{ rows }}.{{ column }} is not null and {{ column }}_dominio.valor is null then '{{ column }}'
            end{{ ',' if not loop.last }}
            {%- endfor %}
        ), '') as valores_desconhecidos
    from {{ rows }}
    {%- for column in columns %}
    left join {{ ref('dominios') }} as {{ column }}_dominio
        on
            {{ column }}_dominio.coluna = '{{ column }}'
            and {{ column }}_dominio.escrita = {{ plain_spelling(rows ~ '.' ~ column) }}
    {%- endfor %}
{% endmacro %}

{% macro plain_spelling(text) -%}
    {{ trimmed(replace_matches(plain_letters(text), '[ \\t\\n\\r\\x{A0}]+', ' ')) }}
{%- endmacro %}
