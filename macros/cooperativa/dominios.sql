{#- Maps a spelling to its domain value. An undeclared spelling is kept and listed in valores_desconhecidos. -#}

{% macro in_its_domain(rows, columns, base) %}
    {#- Spellings are few and rows are many: each spelling of the base model is made plain once. -#}
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
    left join (
        select
            escritas.{{ column }},
            dominios.valor
        from (select distinct {{ column }} from {{ base }}) as escritas
        inner join {{ ref('dominios') }} as dominios
            on dominios.coluna = '{{ column }}' and dominios.escrita = {{ plain_spelling('escritas.' ~ column) }}
    ) as {{ column }}_dominio on {{ rows }}.{{ column }} = {{ column }}_dominio.{{ column }}
    {%- endfor %}
{% endmacro %}

{% macro plain_spelling(text) -%}
    {{ trimmed(replace_matches(plain_letters(text), '[ \\t\\n\\r\\x{A0}]+', ' ')) }}
{%- endmacro %}
