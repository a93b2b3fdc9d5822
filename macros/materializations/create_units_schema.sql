{% macro create_units_schema() -%}
    {#- Once a run, before the first model: on Athena two models that create one schema at a time get in each other's way. -#}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- do adapter.create_schema(api.Relation.create(database=target.database, schema=target.schema ~ '_units')) -%}
    {%- endif -%}
{%- endmacro %}
