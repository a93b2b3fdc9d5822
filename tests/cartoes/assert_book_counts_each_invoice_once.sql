-- Invariant: whatever is known of its payments, an invoice issued within the window counts once, with its
-- whole amount, in the portfolio of a reference date. Versions that overlap or leave a gap would show here.
with expected as (
    select
        datas.ref_date,
        count(*) as total_faturas,
        sum(faturas.valor_fatura) as valor_total_faturas
    from {{ ref('int_cartoes__datas_referencia') }} as datas
    inner join {{ ref('stg_cartoes__faturas') }} as faturas
        on
            datas.ref_date > faturas.data_emissao
            and faturas.data_emissao >= {{ add_months('datas.ref_date', -12) }}
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
