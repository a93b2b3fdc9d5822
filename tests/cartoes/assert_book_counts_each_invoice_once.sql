-- Invariant: an invoice issued within the window counts exactly once, at its full amount, in the portfolio of a
-- reference date, whatever is known of its payments. Versions that overlap or leave a gap would fail here.
with issued as (
    select
        {{ first_of_month('data_emissao') }} as mes_emissao,
        count(*) as total_faturas,
        sum(valor_fatura) as valor_total_faturas
    from {{ ref('stg_cartoes__faturas') }}
    group by {{ first_of_month('data_emissao') }}
),

expected as (
    select
        datas.ref_date,
        sum(issued.total_faturas) as total_faturas,
        sum(issued.valor_total_faturas) as valor_total_faturas
    from {{ ref('int_cartoes__datas_referencia') }} as datas
    inner join issued
        on
            datas.ref_date > issued.mes_emissao
            and {{ add_months('datas.ref_date', -12) }} <= issued.mes_emissao
    group by datas.ref_date
)

select
    expected.*,
    book.total_faturas as book_total_faturas,
    book.valor_total_faturas as book_valor_total_faturas
from expected
left join {{ ref('book_faturas_carteira') }} as book
    on expected.ref_date = book.ref_date and book.periodo = 'U12M'
where
    book.ref_date is null
    or expected.total_faturas <> book.total_faturas
    or expected.valor_total_faturas <> book.valor_total_faturas
