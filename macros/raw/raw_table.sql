{% macro raw_table(source_relation) %}
    {#- While dbt parses there is no graph yet, and what is returned only has to be well-formed. -#}
    {%- if not execute -%}
        {{ return({'relation': source_relation, 'source': 's', 'name': 't', 'path': 'p/{YYYYMM}', 'key': ['k'], 'amount': none, 'encoding': 'utf-8', 'columns': []}) }}
    {%- endif -%}
    {%- set nodes = [] -%}
    {%- for node in graph.sources.values() -%}
        {%- if node.identifier == source_relation.identifier and node.schema == source_relation.schema -%}
            {%- do nodes.append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set node = nodes[0] -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append({
            'name': column.name,
            'type': 'varchar' if column.data_type.startswith('map') else column.data_type,
            'is_map': column.data_type.startswith('map'),
            'required': not column.config.meta.get('optional', false),
        }) -%}
    {%- endfor -%}
    {{ return({
        'relation': source_relation,
        'source': node.source_name,
        'name': node.name,
        'path': node.config.meta.path,
        'key': [node.config.meta.key] if node.config.meta.key is string else node.config.meta.key,
        'amount': node.config.meta.get('amount'),
        'encoding': node.config.meta.get('encoding', 'utf-8'),
        'columns': columns,
    }) }}
{% endmacro %}

{% macro is_json(table) -%}
    {{ return(table.path.endswith('.json')) }}
{%- endmacro %}
