{% snapshot members %}
{{ config(unique_key='id', strategy='check', check_cols=['city'], hard_deletes='invalidate') }}
select
    cast(id as integer) as id,
    cast(city as varchar) as city
from (
    values
    {% if var('lastro_probe_round') == 1 -%}
    (1, 'Recife'), (2, 'Olinda')
    {%- elif var('lastro_probe_round') == 2 -%}
    (1, 'Natal'), (2, 'Olinda')
    {%- else -%}
    (1, 'Recife')
    {%- endif %}
) as given (id, city)
{% endsnapshot %}
