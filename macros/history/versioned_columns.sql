{#- The natural key of a member, account or card, then the columns whose change opens a version. -#}
{% macro versioned_columns(table_name) -%}
    {{ return({
        'associado': [
            'id_associado',
            'nome',
            'sobrenome',
            'data_nascimento',
            'idade',
            'estado_civil',
            'escolaridade',
        ],
        'conta': [
            'id_conta',
            'id_associado',
            'tipo_conta',
            'agencia',
            'situacao_conta',
            'data_criacao_conta',
        ],
        'cartao': [
            'id_cartao',
            'id_conta',
            'numero_cartao',
            'nome_impresso_cartao',
            'bandeira_cartao',
            'tipo_cartao',
            'data_criacao_cartao',
        ],
    }[table_name]) }}
{%- endmacro %}
