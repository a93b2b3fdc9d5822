{#- Both engines read these the same way. A character is worth its ASCII code less 48, which is its place among these. -#}
{% macro document_characters() -%}
    0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ
{%- endmacro %}

{% macro clean_document(text) -%}
    upper({{ replace_matches(text, '[-./ \\t\\n\\r\\x{A0}]', '') }})
{%- endmacro %}

{% macro agrees_with_check_digit(document, weights) -%}
    {#- Weights of the characters from the left; the check digit follows the last of them. -#}
    mod(mod(10 * (
        {%- for weight in weights %}
        {{ weight }} * (strpos('{{ document_characters() }}', substr({{ document }}, {{ loop.index }}, 1)) - 1)
        {{- ' +' if not loop.last }}
        {%- endfor %}
    ), 11), 10) = strpos('{{ document_characters() }}', substr({{ document }}, {{ weights | length + 1 }}, 1)) - 1
{%- endmacro %}

{% macro is_cpf(document) -%}
    {{ agrees_with_check_digit(document, range(10, 1, -1) | list) }}
    and {{ agrees_with_check_digit(document, range(11, 1, -1) | list) }}
{%- endmacro %}

{% macro is_cnpj(document) -%}
    {{ agrees_with_check_digit(document, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) }}
    and {{ agrees_with_check_digit(document, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) }}
{%- endmacro %}

{#- A base model selects this first: an expression that is repeated in each term would be computed for each. -#}
{% macro possible_document(document) -%}
    case
        when {{ matches(document, '[0-9]{8,11}') }} then lpad({{ document }}, 11, '0')
        when {{ matches(document, '[0-9]{12,13}|[0-9A-Z]{12}[0-9]{2}') }} then lpad({{ document }}, 14, '0')
    end
{%- endmacro %}

{% macro document_problem(document) -%}
    case
        when {{ document }} is null then 'not_a_document'
        when replace({{ document }}, substr({{ document }}, 1, 1), '') = '' then 'repeated_digits'
        when length({{ document }}) = 11 and not ({{ is_cpf(document) }}) then 'wrong_check_digit'
        when length({{ document }}) = 14 and not ({{ is_cnpj(document) }}) then 'wrong_check_digit'
    end
{%- endmacro %}
