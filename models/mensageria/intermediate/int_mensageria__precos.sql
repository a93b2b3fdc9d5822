with precos as (
    select * from {{ ref('precos_notificacao') }}
),

typed_precos as (
    select
        nullif({{ trimmed('customer_id') }}, '') as customer_id,
        {{ parse_date('valid_from') }} as valid_from,
        coalesce({{ parse_date('valid_to') }}, date '9999-12-31') as valid_to,
        {{ parse_whole_number('a_partir_de') }} as a_partir_de,
        cast(preco as decimal(18, 6)) as preco
    from precos
)

select * from typed_precos
