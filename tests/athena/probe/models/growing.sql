{{ config(unique_key='id', on_schema_change='append_new_columns') }}

select
    id,
    cast('round {{ var('lastro_probe_round') }}' as varchar) as told
    {%- if var('lastro_probe_round') > 1 %},
    cast(id * 10 as integer) as new_column
    {%- endif %}
from (values 1, 2, {{ var('lastro_probe_round') + 2 }}) as given (id)
