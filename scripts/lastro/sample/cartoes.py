"""The card issuer's part of the sample: invoices and payments, with every defect that Lastro handles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from lastro.sample.files import Layout, Sample, append, csv_line, months_of, write_csv

TABLES = ("tb_faturas", "tb_pagamentos")

# By month number, from 0. The third file, for example, comes from a bureau with a Brazilian locale.
DRIFTED_LAYOUTS = {
    2: Layout(delimiter=";", crlf=True, bom=True, brazilian=True),
    4: Layout(reordered=True),
    6: Layout(quoted=True),
    8: Layout(delimiter="|", crlf=True),
    10: Layout(delimiter=";", brazilian=True, currency=True, encoding="cp1252"),
    12: Layout(delimiter="\t", crlf=True, encoding="utf-16"),
}

# Lines added to the files of the second month, {m}; {f} is an accepted invoice. Each comment names the
# reason in quarentena.
FAULTY_FATURAS = [
    ",0000001,{m}-05,{m}-15,10.00,3.00",  # id_fatura:missing
    "X-1,,{m}-05,{m}-15,10.00,3.00",  # id_cliente:missing
    "X-2,0000001,2023-02-30,{m}-15,10.00,3.00",  # data_emissao:not_a_date
    "X-3,0000001,ontem,{m}-15,10.00,3.00",  # data_emissao:not_a_date
    "X-4,0000001,0023-02-05,{m}-15,10.00,3.00",  # data_emissao:out_of_range
    "X-5,0000001,{m}-05,,10.00,3.00",  # data_vencimento:missing
    "X-6,0000001,{m}-05,{m}-01,10.00,3.00",  # data_vencimento:before_emissao
    "X-7,0000001,{m}-05,{m}-15,dez reais,3.00",  # valor_fatura:not_a_number
    "X-8,0000001,{m}-05,{m}-15,1.005,3.00",  # valor_fatura:not_a_number (three decimals)
    "X-9,0000001,{m}-05,{m}-15,-10.00,3.00",  # valor_fatura:negative
    "X-10,0000001,{m}-05,{m}-15,10.00,tres",  # valor_pagamento_minimo:not_a_number
    "X-11,,31/02/2023,{m}-15,?,-3.00",  # four reasons at once
    "X-12,0000001,{m}-05,{m}-15,1.234,56,370,36",  # row:wrong_number_of_columns
    "X-13,0000001,{m}-05",  # row:wrong_number_of_columns
    'X-14,"0000001,{m}-05,{m}-15,10.00,3.00',  # row:unbalanced_quote
    'X-15,"0000001" x,{m}-05,{m}-15,10.00,3.00',  # row:text_after_quote
    "X-16,0000001,2034-01-05,2034-01-15,10.00,3.00",  # data_emissao:after_period
    "X-17,0000001,{m}-05,{m}-15,9999999999999999.99,3.00",  # valor_fatura:out_of_range
]
FAULTY_PAGAMENTOS = [
    ",{f},0000001,{m}-20,5.00",  # id_pagamento:missing
    "Y-1,,0000001,{m}-20,5.00",  # id_fatura:missing
    "Y-2,{f},0000001,2023-02-29,5.00",  # data_pagamento:not_a_date
    "Y-3,{f},0000001,{m}-20,0.00",  # valor_pagamento:not_positive
    "Y-4,{f},0000001,{m}-20,-5.00",  # valor_pagamento:not_positive (a refund)
    "Y-5,{f},0000001,{m}-20,5 reais",  # valor_pagamento:not_a_number
    "Y-6,nowhere-1,0000001,{m}-20,5.00",  # accepted: its invoice never comes
    "Y-7,nowhere-2,0000001,{m}-21,7.50",  # accepted: its invoice never comes
]

_INVOICES = """
create table faturas as
with clients as (
    select
        client,
        lpad(cast(client as varchar), 7, '0') as id_cliente,
        -- Two thirds are clients from the start and the others join later. One in ten leaves.
        case when $steady or chance($seed, client, 0, 'joins') < 0.67 then 0
            else cast(floor(chance($seed, client, 0, 'when') * $months) as integer) end as first_month,
        case when not $steady and chance($seed, client, 0, 'leaves') < 0.1
            then cast(floor(chance($seed, client, 0, 'end') * $months) as integer)
            else $months end as last_month,
        cast(floor(chance($seed, client, 0, 'day') * 28) as integer) as closing_day,
        chance($seed, client, 0, 'payer') as payer,
        100 * exp(3.5 * chance($seed, client, 0, 'spending')) as spending
    from range(1, $clients + 1) as clients (client)
),
invoices as (
select
    client,
    number as month_number,
    id_cliente,
    payer,
    client || '-' || strftime(cast($start as date) + to_months(number), '%Y%m') as id_fatura,
    cast(cast($start as date) + to_months(number) + to_days(closing_day) as date) as data_emissao,
    cast(cast($start as date) + to_months(number) + to_days(closing_day + 10) as date)
        as data_vencimento,
    cast(spending * (0.3 + 1.4 * chance($seed, client, number, 'amount')) as decimal(18, 2))
        as valor_fatura
from clients
cross join range(0, $months) as months (number)
where
    number between first_month and last_month
    and ($steady or chance($seed, client, number, 'skips') >= 0.04)
)
select
    *,
    cast(valor_fatura * 0.15 as decimal(18, 2)) as valor_pagamento_minimo
from invoices
"""

# Four in ten pay on time, a quarter late, some in three parts, some occasionally, the others never. One
# payment in a hundred comes before its invoice is issued.
_PAYMENTS = """
create table pagamentos as
with habits as (
    select
        *,
        case
            when payer < 0.38 then 'on time'
            when payer < 0.62 then 'late'
            when payer < 0.68 then 'in parts'
            when payer < 0.84 then 'sometimes'
            else 'never'
        end as habit,
        chance($seed, client, month_number, 'pays') as pays,
        chance($seed, client, month_number, 'days') as days
    from faturas
),
parts as (
    select
        habits.*,
        part,
        case
            when days < 0.01 then cast(data_emissao - 3 as date)
            when habit = 'on time' then cast(data_vencimento - cast(floor(days * 8) as integer) as date)
            when habit = 'in parts'
                then cast(data_vencimento - 4 + cast(part * (3 + floor(days * 16)) as integer) as date)
            else cast(data_vencimento + 1 + cast(floor(days * days * 60) as integer) as date)
        end as data_pagamento,
        case
            when habit = 'in parts'
                then cast(valor_fatura * (0.15 + 0.2 * pays) as decimal(18, 2))
            when pays < 0.2
                then greatest(valor_pagamento_minimo, cast(valor_fatura * pays * 3 as decimal(18, 2)))
            else valor_fatura
        end as valor_pagamento
    from habits
    cross join range(0, 3) as parts (part)
    where
        part < case when habit = 'in parts' then 3 else 1 end
        and habit <> 'never'
        and not (habit = 'sometimes' and pays < 0.5)
        and not (habit <> 'sometimes' and pays > 0.97)
)
select
    'P' || id_fatura || '-' || (part + 1) as id_pagamento,
    id_fatura,
    id_cliente,
    data_pagamento,
    valor_pagamento
from parts
where valor_pagamento > 0
"""

_FATURAS = [
    "id_fatura",
    "id_cliente",
    "data_emissao",
    "data_vencimento",
    "valor_fatura",
    "valor_pagamento_minimo",
]
_PAGAMENTOS = ["id_pagamento", "id_fatura", "id_cliente", "data_pagamento", "valor_pagamento"]


def write(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> Iterator[Path]:
    """Write a file per month of invoices and of payments.

    Args:
        con: An open database with the macro CHANCE; the tables are created there.
        folder: The folder to write to, which has a subfolder per table.
        sample: What to generate.

    Yields:
        Each file, when it is written.
    """
    con.execute(
        _INVOICES,
        {
            "clients": sample.clients,
            "months": sample.months,
            "start": sample.start,
            "seed": sample.seed,
            "steady": sample.steady,
        },
    )
    con.execute(_PAYMENTS, {"seed": sample.seed})
    for number, month in enumerate(months_of(sample)):
        # The last month keeps the plain layout, because plain lines are added to it.
        plain = sample.clean or number == sample.months - 1
        layout = Layout() if plain else DRIFTED_LAYOUTS.get(number, Layout())
        of_month = f"< date '{month}' + interval 1 month"
        if number < sample.months:
            path = folder / "tb_faturas" / f"tb_faturas_{month:%Y%m}.csv"
            rows = f"faturas where data_emissao >= date '{month}' and data_emissao {of_month}"
            write_csv(con, path, rows, _FATURAS, layout)
            yield path
        path = folder / "tb_pagamentos" / f"tb_pagamentos_{month:%Y%m}.csv"
        # The first file also delivers the payments before the first month.
        first = "" if number == 0 else f"data_pagamento >= date '{month}' and "
        write_csv(con, path, f"pagamentos where {first}data_pagamento {of_month}", _PAGAMENTOS, layout)
        yield path
    if not sample.clean and sample.months > 1:
        _add_defects(con, folder, sample)


def _add_defects(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> None:
    """Add faulty rows to the second month's files, and repeated and corrected rows to the last month's."""
    second, last = months_of(sample)[1], months_of(sample)[-2]
    invoices = con.execute(
        f"select {', '.join(_FATURAS)} from faturas where month_number = 1 order by client limit 8"
    ).fetchall()
    payments = con.execute(
        f"select {', '.join(_PAGAMENTOS)} from pagamentos"
        " where data_pagamento >= $1 and data_pagamento < $1 + interval 1 month"
        " order by id_pagamento limit 2",
        [second],
    ).fetchall()
    cells = {"m": f"{second:%Y-%m}", "f": invoices[0][0] if invoices else "none"}
    faturas = folder / "tb_faturas" / f"tb_faturas_{second:%Y%m}.csv"
    pagamentos = folder / "tb_pagamentos" / f"tb_pagamentos_{second:%Y%m}.csv"
    append(faturas, [line.format(**cells) for line in FAULTY_FATURAS])
    append(pagamentos, [line.format(**cells) for line in FAULTY_PAGAMENTOS])
    # Three invoices and two payments appear twice in their file, the invoices between blank lines.
    append(faturas, ["", *(csv_line(row) for row in invoices[:3]), ""])
    append(pagamentos, [csv_line(row) for row in payments])
    # Two invoices come again, unchanged, in the last file, and three with a corrected amount.
    late = folder / "tb_faturas" / f"tb_faturas_{last:%Y%m}.csv"
    append(late, [csv_line(row) for row in invoices[3:5]])
    append(late, [csv_line((*row[:4], row[4] + 10, row[5])) for row in invoices[5:8]])
