{% macro matches(text, pattern) -%}
    {{ return(adapter.dispatch('matches', 'lastro')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches(text, pattern) -%}
    {#- \z, because $ also matches before a final line end. -#}
    regexp_like({{ text }}, '^(?:{{ pattern }})\z')
{%- endmacro %}

{% macro duckdb__matches(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro blanks() -%}
    [ \t\n\r\x{A0}]*
{%- endmacro %}

{% macro trimmed(text) -%}
    {{ return(adapter.dispatch('trimmed', 'lastro')(text)) }}
{%- endmacro %}

{% macro default__trimmed(text) -%}
    trim(both ' ' from {{ text }})
{%- endmacro %}

{% macro duckdb__trimmed(text) -%}
    trim({{ text }}, ' ')
{%- endmacro %}

{#-
    A cell may have spaces around its value. A repeated subexpression is computed again for every row, so on DuckDB the
    patterns accept the spaces and only the rarer formats are trimmed.
-#}
{% macro parse_date(text) -%}
    {{ return(adapter.dispatch('parse_date', 'lastro')(text)) }}
{%- endmacro %}

{% macro default__parse_date(text) -%}
    case
        when {{ matches(text, ' *[1-9][0-9]{3}-[0-9]{2}-[0-9]{2} *') }} then try_cast({{ trimmed(text) }} as date)
        when {{ matches(text, ' *[0-9]{2}/[0-9]{2}/[1-9][0-9]{3} *') }} then cast(
            try(date_parse({{ trimmed(text) }}, '%d/%m/%Y')) as date
        )
    end
{%- endmacro %}

{% macro duckdb__parse_date(text) -%}
    case
        when {{ matches(text, ' *[1-9][0-9]{3}-[0-9]{2}-[0-9]{2} *') }} then try_cast({{ text }} as date)
        when {{ matches(text, ' *[0-9]{2}/[0-9]{2}/[1-9][0-9]{3} *') }} then cast(
            try_strptime({{ trimmed(text) }}, '%d/%m/%Y') as date
        )
    end
{%- endmacro %}

{#- At most 18 digits, so that the cast cannot fail. -#}
{% macro parse_whole_number(text) -%}
    case when {{ matches(text, ' *-?[0-9]{1,18} *') }} then try_cast({{ trimmed(text) }} as bigint) end
{%- endmacro %}

{% macro parse_amount(text) -%}
    {{ return(adapter.dispatch('parse_amount', 'lastro')(text)) }}
{%- endmacro %}

{#- At most 12 digits before the cents, so that no sum overflows decimal(18, 2). -#}
{% macro default__parse_amount(text) -%}
    {{ duckdb__parse_amount(trimmed(text)) }}
{%- endmacro %}

{% macro duckdb__parse_amount(text) -%}
    {%- set blank = '[ \\x{A0}\\x{2009}\\x{202F}]' -%}
    {%- set sign = blank ~ '*-?(R[$]' ~ blank ~ '*)?-?' %}
    {%- set whole = '(0*[0-9]{1,12}|[0-9]{1,3}([.][0-9]{3}){1,3}|[0-9]{1,3}(' ~ blank ~ '[0-9]{3}){1,3})' %}
    case
        when {{ matches(text, ' *-?0*[0-9]{1,12}([.][0-9]{1,2})? *') }} then try_cast({{ text }} as decimal(18, 2))
        when {{ matches(text, sign ~ whole ~ ',[0-9]{1,2}' ~ blank ~ '*') }} then try_cast(
            replace({{ replace_matches(text, '[^0-9,-]', '') }}, ',', '.') as decimal(18, 2)
        )
        when {{ matches(text, sign ~ '0*[0-9]{1,12}([.][0-9]{1,2})?' ~ blank ~ '*') }} then try_cast(
            {{ replace_matches(text, '[^0-9.-]', '') }} as decimal(18, 2)
        )
    end
{%- endmacro %}

{% macro bigint_hash(text) -%}
    {{ return(adapter.dispatch('bigint_hash', 'lastro')(text)) }}
{%- endmacro %}

{% macro default__bigint_hash(text) -%}
    from_base(substr(to_hex(md5(to_utf8({{ text }}))), 1, 15), 16)
{%- endmacro %}

{% macro duckdb__bigint_hash(text) -%}
    cast('0x' || substr(md5({{ text }}), 1, 15) as bigint)
{%- endmacro %}
