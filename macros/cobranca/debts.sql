{% macro clean_client(text) -%}
    {#- As the gate writes a sender's id into the id of a batch. -#}
    {{ replace_matches(replace_matches(text, '[^A-Za-z0-9_]+', '_'), '^_+|_+$', '') }}
{%- endmacro %}

{% macro is_prescribed(data_vencimento, recebida_em) -%}
    {{ add_months(data_vencimento, 60) }} < {{ recebida_em }}
{%- endmacro %}
