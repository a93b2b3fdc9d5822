{% macro raw_table(source_relation) %}
    {#- A raw table as its source YAML declares it, or a well-formed placeholder while dbt parses, without sources. -#}
    {%- if not execute -%}
        {{ return({'name': 't', 'key': ['k'], 'date': none, 'amount': none, 'rejected_percent': 20, 'superseded_percent': 5, 'on_exceeded': 'error', 'columns': [{'name': 'k', 'type': 'varchar', 'required': true, 'is_typed': false, 'days_after_period': none}]}) }}
    {%- endif -%}
    {%- set nodes = [] -%}
    {%- for node in graph.sources.values() -%}
        {%- if node.identifier == source_relation.identifier and node.schema == source_relation.schema -%}
            {%- do nodes.append(node) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set node = nodes[0] -%}
    {%- set meta = node.config.meta -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append({
            'name': column.name,
            'type': 'varchar' if column.data_type.startswith('map') else column.data_type,
            'required': not column.config.meta.get('optional', false),
            'is_typed': column.config.meta.get('typed', false),
            'days_after_period': column.config.meta.get('days_after_period'),
        }) -%}
    {%- endfor -%}
    {{ return({
        'name': node.name,
        'key': [meta.key] if meta.key is string else meta.key,
        'date': meta.get('date'),
        'amount': meta.get('amount'),
        'rejected_percent': meta.get('limits', {}).get('rejected_percent', 20),
        'superseded_percent': meta.get('limits', {}).get('superseded_percent', 5),
        'on_exceeded': meta.get('on_exceeded', 'error'),
        'columns': columns,
    }) }}
{% endmacro %}
