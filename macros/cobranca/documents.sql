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

{#- A base model selects these two first: an expression that is repeated in each term would be computed for each. -#}
{% macro possible_cpf(document) -%}
    case when {{ matches(document, '[0-9]{8,11}') }} then lpad({{ document }}, 11, '0') end
{%- endmacro %}

{% macro possible_cnpj(document) -%}
    case when {{ matches(document, '[0-9]{11,13}|[0-9A-Z]{12}[0-9]{2}') }} then lpad({{ document }}, 14, '0') end
{%- endmacro %}

{% macro checked_document(cpf, cnpj) -%}
    case
        when {{ cpf }} is not null and {{ is_cpf(cpf) }} then {{ cpf }}
        when {{ cnpj }} is not null and {{ is_cnpj(cnpj) }} then {{ cnpj }}
    end
{%- endmacro %}

{% macro document_problem(cpf, cnpj, checked) -%}
    case
        when coalesce({{ cpf }}, {{ cnpj }}) is null then 'not_a_document'
        when replace(coalesce({{ cpf }}, {{ cnpj }}), substr(coalesce({{ cpf }}, {{ cnpj }}), 1, 1), '') = ''
            then 'repeated_digits'
        when {{ checked }} is null then 'wrong_check_digit'
    end
{%- endmacro %}
