-- The first and the last message with a name on each day say when it was in use.
with clientes_por_dia as (
    select * from {{ ref('int_mensageria__clientes_por_dia') }}
),

observations as (
    select
        customer_id,
        customer_name,
        primeiro_evento as observed_at
    from clientes_por_dia
    union
    select
        customer_id,
        customer_name,
        ultimo_evento as observed_at
    from clientes_por_dia
),

compared_observations as (
    select
        *,
        lag(customer_name) over (partition by customer_id order by observed_at, customer_name) as name_before
    from observations
),

changes as (
    select
        customer_id,
        customer_name,
        observed_at
    from compared_observations
    where name_before is null or name_before <> customer_name
),

versions as (
    select
        customer_id,
        customer_name,
        observed_at as valid_from,
        coalesce(
            lead(observed_at) over (partition by customer_id order by observed_at, customer_name),
            cast(timestamp '9999-12-31 00:00:00' as {{ timestamp_type() }})
        ) as valid_to,
        row_number() over (partition by customer_id order by observed_at desc, customer_name desc) = 1 as is_current
    from changes
),

-- Of two names at one time only the later in the alphabet is left.
nomes as (
    select * from versions
    where valid_from < valid_to
)

select * from nomes
