{#- Maps a spelling to its domain value. An undeclared spelling is kept and listed in valores_desconhecidos. -#}

{% macro values_of_spellings(column, rows) %}
    {#- Spellings are few and rows are many: each spelling is made plain once. -#}
    select
        escritas.{{ column }} as escrita,
        dominios.valor
    from (select distinct {{ column }} from {{ rows }}) as escritas
    inner join {{ ref('dominios') }} as dominios
        on dominios.coluna = '{{ column }}' and dominios.escrita = {{ plain_spelling('escritas.' ~ column) }}
{%- endmacro %}

{% macro plain_spelling(text) -%}
    {{ trimmed(replace_matches(plain_letters(text), '[ \\t\\n\\r\\x{A0}]+', ' ')) }}
{%- endmacro %}
