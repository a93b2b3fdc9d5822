-- Invariant: at most one version of a key is current, and it is the last. Any other version ends on the date of an
-- extract: where the next one begins, or earlier if an extract lacked the key.
with versions as (
    {%- for name in ['associado', 'conta', 'cartao'] %}
    select
        '{{ name }}' as table_name,
        id_{{ name }} as natural_key,
        valid_to,
        is_current,
        lead(valid_from) over (partition by id_{{ name }} order by valid_from) as next_valid_from
    from {{ ref('dim_' ~ name) }}
    where sk_{{ name }} <> -1
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

extracts as (
    select
        table_name,
        reference_period
    from {{ ref('base_cooperativa__arquivos') }}
)

select versions.*
from versions
left join extracts on versions.table_name = extracts.table_name and versions.valid_to = extracts.reference_period
where
    versions.is_current and (versions.next_valid_from is not null or versions.valid_to <> date '9999-12-31')
    or not versions.is_current and (versions.valid_to > versions.next_valid_from or extracts.table_name is null)
