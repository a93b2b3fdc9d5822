-- The closing of a day holds the prices of the day, so that nobody changes them with the table.
with tabela as (
    select * from {{ ref('precos_notificacao') }}
),

dias_fechados as (
    select * from {{ ref('int_mensageria__dias_fechados') }}
),

items as (
    {{ json_items_of('dias_fechados', list='precos', columns=['data'], item='item') }}
),

precos as (
    select
        nullif({{ trimmed('customer_id') }}, '') as customer_id,
        {{ parse_date('valid_from') }} as valid_from,
        case
            when coalesce({{ trimmed('valid_to') }}, '') = '' then date '9999-12-31' else {{ parse_date('valid_to') }}
        end as valid_to,
        {{ parse_whole_number('a_partir_de') }} as a_partir_de,
        cast(preco as decimal(18, 6)) as preco,
        false as e_do_fechamento
    from tabela
    union all
    select
        nullif({{ json_scalar('item', '$.customer_id') }}, '') as customer_id,
        data as valid_from,
        {{ add_days('data', 1) }} as valid_to,
        {{ parse_whole_number(json_scalar('item', '$.a_partir_de')) }} as a_partir_de,
        try_cast({{ json_scalar('item', '$.preco') }} as decimal(18, 6)) as preco,
        true as e_do_fechamento
    from items
)

select * from precos
