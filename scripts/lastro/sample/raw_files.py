"""Raw files from a seeded generator: realistic payers and accounts, and every defect that Lastro handles."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from lastro.sample.cooperativa import TABLES, write_extracts

FATURAS = "tb_faturas"
PAGAMENTOS = "tb_pagamentos"
INVOICES = "invoices"
CHATBOT = "chatbot"


@dataclass(frozen=True)
class Layout:
    """How one raw file is written.

    Attributes:
        delimiter: The character between the cells.
        crlf: Whether lines end in CR LF.
        bom: Whether the file starts with a UTF-8 byte order mark.
        quoted: Whether every cell is quoted.
        brazilian: Whether amounts are 1.234,56 and dates DD/MM/YYYY.
        currency: Whether amounts start with R$ and a no-break space.
        encoding: The encoding, as Python names it.
        reordered: Whether the columns are in reverse order, with one undeclared column.
    """

    delimiter: str = ","
    crlf: bool = False
    bom: bool = False
    quoted: bool = False
    brazilian: bool = False
    currency: bool = False
    encoding: str = "utf-8"
    reordered: bool = False


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


FAULTY_INVOICES = [
    ",A0000,{m}-01,10.00",  # customer:missing
    "C0000,,{m}-01,10.00",  # account:missing
    "C0000,A0000,{m},10.00",  # month:not_a_date
    "C0000,A0000,{m}-01,10 reais",  # invoice:not_a_number
    "C0000,A0000,{m}-01,",  # invoice:missing
    "C0000,A0000,{m}-01",  # row:wrong_number_of_columns
]

_EVENT = '{"customer": "C1000", "flow": "F1000", "session": "S-1"'
FAULTY_EVENTS = [
    '{"customer": "C1", "flow": "F1", "timestamp": "2023-01-01T10:59:00Z", "content": {}}',  # session:missing
    _EVENT + ', "timestamp": "ontem", "content": {"name": "x"}}',  # timestamp:not_a_timestamp
    _EVENT + ', "timestamp": "2023-01-01T10:59:00Z", "content": 7}',  # content:not_an_object
    '["no event"]',  # row:not_an_object
    _EVENT + ', "session": "S-3", "timestamp": "2023-01-01T10:59:00Z", "content": {}}',  # row:repeated_key
    "",
    _EVENT,  # row:not_json
]
BROKEN_EVENT = '{"customer": "C1000", "flow": , "session": "S-2"}'  # row:not_json

# The folder of each table's files under the raw root.
FOLDERS = {
    FATURAS: f"cartoes/{FATURAS}",
    PAGAMENTOS: f"cartoes/{PAGAMENTOS}",
    INVOICES: f"mensageria/{INVOICES}",
    CHATBOT: f"mensageria/{CHATBOT}",
    **{table: f"cooperativa/{table}" for table in TABLES},
}


def write_sample(
    out: Path,
    clients: int,
    months: int,
    start: date,
    seed: int,
    clean: bool,
    steady: bool = False,
    progress: Callable[[str], None] = lambda path: None,
) -> list[Path]:
    """Write the raw files of every domain under a raw root.

    Args:
        out: The raw root; the files go to its subfolders FOLDERS.
        clients: The number of card clients; each has at most one invoice per month. Every twenty of them add
            a messaging account, every five add a member of the cooperative and a chatbot session.
        months: The number of months with invoices; payments continue for one more month.
        start: The first day of the first month.
        seed: The same seed gives the same files, byte by byte.
        clean: Whether to write plain CSV without defects.
        steady: Whether every client has an invoice every month, from the first to the last.
        progress: Called with the name of each file when it is complete.

    Returns:
        The files written, in order.

    Raises:
        FileExistsError: One of the folders already has files; nothing is written.
    """
    for folder in FOLDERS.values():
        if (out / folder).exists() and any(path.is_file() for path in (out / folder).rglob("*")):
            raise FileExistsError(f"{out / folder} already has files. Remove them, or choose another --to.")
    partial = out / ".sample.partial"
    shutil.rmtree(partial, ignore_errors=True)
    for table in FOLDERS:
        (partial / table).mkdir(parents=True)
    try:
        written = _write_all(partial, out, clients, months, start, seed, clean, steady, progress)
    except BaseException:
        shutil.rmtree(partial)
        raise
    for table, folder in FOLDERS.items():
        shutil.rmtree(out / folder, ignore_errors=True)
        (out / folder).parent.mkdir(parents=True, exist_ok=True)
        (partial / table).rename(out / folder)
    partial.rmdir()
    return written


def _write_all(
    partial: Path,
    out: Path,
    clients: int,
    months: int,
    start: date,
    seed: int,
    clean: bool,
    steady: bool,
    progress: Callable[[str], None],
) -> list[Path]:
    """Write every file to a folder that is renamed when all are there, and return their final names."""
    con = duckdb.connect()
    con.execute(_CHANCE)
    con.execute(
        _INVOICES,
        {"clients": clients, "months": months, "start": start, "seed": seed, "steady": steady},
    )
    con.execute(_PAYMENTS, {"seed": seed})
    con.execute(_ACCOUNT_INVOICES, {"clients": clients, "months": months, "start": start, "seed": seed})
    written = []
    for number in range(months + 1):
        month = con.execute("select $1::date + to_months($2)", [start, number]).fetchone()[0]
        # The last month keeps the plain layout, because plain lines are added to it.
        drifted = Layout() if clean or number == months - 1 else DRIFTED_LAYOUTS.get(number, Layout())
        for table, columns, period, layout in (
            (FATURAS, _FATURAS_COLUMNS, "data_emissao", drifted),
            (PAGAMENTOS, _PAGAMENTOS_COLUMNS, "data_pagamento", drifted),
            (INVOICES, _INVOICES_COLUMNS, "month", Layout()),
        ):
            if table != PAGAMENTOS and number == months:
                continue
            path = partial / table / f"{table}_{month:%Y%m}.csv"
            _write_month(con, table, columns, period, month, number == 0, layout, path)
            written.append(out / FOLDERS[table] / path.name)
            progress(path.name)
    for path in _write_chatbot(con, partial / CHATBOT, clients, start, seed, clean):
        written.append(out / FOLDERS[CHATBOT] / path.relative_to(partial / CHATBOT))
        progress(path.name)
    for path in write_extracts(con, partial, max(clients // 5, 1), start, seed, clean):
        written.append(out / FOLDERS[path.parent.name] / path.name)
        progress(path.name)
    if not clean:
        _add_defects(con, partial, start, months)
    return written


# Everything random is a hash of the seed and the client. A client is therefore the same in a sample of any
# size, and no number depends on the order in which rows are created. chance() is uniform in [0, 1).
_CHANCE = """
create macro chance(seed, client, month, what) as
    (hash(seed, client, month, what) % 1000000) / 1000000.0
"""

_INVOICES = """
create table invoices as
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
create table payments as
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
    from invoices
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

# Most accounts are invoiced every month. Some miss a month, some get a second invoice or a credit.
_ACCOUNT_INVOICES = """
create table account_invoices as
with account_months as (
    select
        'C' || (1000 + account // 2) as customer,
        'A' || (1000 + account) as account,
        cast(cast($start as date) + to_months(number) as date) as month,
        1000 * exp(4 * chance($seed, account, 0, 'volume')) as volume,
        chance($seed, account, 0, 'regular') < 0.6 or chance($seed, account, number, 'sends') < 0.8 as sends,
        chance($seed, account, number, 'invoice') as swing,
        chance($seed, account, number, 'second') as second
    from range(0, greatest($clients // 20, 1)) as accounts (account)
    cross join range(0, $months) as months (number)
)
select customer, account, month, cast(volume * (0.5 + swing) as decimal(18, 2)) as invoice
from account_months
where sends
union all
select
    customer,
    account,
    month,
    cast(volume * (second - 0.05) as decimal(18, 2)) as invoice
from account_months
where sends and second < 0.1
"""

# Two flows, one with keys that are not plain names. Some answers are blank, some are repeated.
_CHATBOT = """
create table chatbot_events as
with steps as (
    select
        session,
        step,
        'C' || (1000 + session % 3) as customer,
        'F' || (1000 + session % 2) as flow,
        9 + cast(chance($seed, session, step, 'hour') * 2 as integer) % 2 as hour,
        cast(chance($seed, session, step, 'second') * 3599 as integer) as second,
        chance($seed, session, step, 'blank') as blank
    from range(1, greatest($clients // 5, 2)) as sessions (session)
    cross join range(0, 4) as steps (step)
)
select
    hour,
    cast($start as timestamp) + to_hours(hour) + to_seconds(second) as moment,
    to_json({
        'customer': customer,
        'flow': flow,
        'session': 'S' || session,
        'timestamp': strftime(
            cast($start as timestamp) + to_hours(hour - 3) + to_seconds(second), '%Y-%m-%dT%H:%M:%S-03:00'
        ),
        'content': map {
            case
                when flow = 'F1000' then ['name', 'cpf', 'delivery_confirmed', 'cpf'][step + 1]
                else ['recomenda', 'Nota', 'Avaliação do dia', 'select'][step + 1]
            end:
            case
                when blank < 0.1 then ' '
                when step = 1 then cast(cast(blank * 10 as integer) as varchar)
                else ['maria', 'sim', 'não', 'joão'][1 + cast(blank * 3.9 as integer) % 4]
            end
        }
    }) as event
from steps
"""

_FATURAS_COLUMNS = [
    "id_fatura",
    "id_cliente",
    "data_emissao",
    "data_vencimento",
    "valor_fatura",
    "valor_pagamento_minimo",
]
_PAGAMENTOS_COLUMNS = [
    "id_pagamento",
    "id_fatura",
    "id_cliente",
    "data_pagamento",
    "valor_pagamento",
]


_INVOICES_COLUMNS = ["customer", "account", "month", "invoice"]


def _write_month(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: list[str],
    period: str,
    month: date,
    is_first: bool,
    layout: Layout,
    path: Path,
) -> None:
    cells = {column: _cell(column, layout) for column in columns}
    if layout.reordered:
        cells = {"canal": "'app'", **dict(reversed(cells.items()))}
    select = ", ".join(f"{cell} as {column}" for column, cell in cells.items())
    rows = {FATURAS: "invoices", PAGAMENTOS: "payments", INVOICES: "account_invoices"}[table]
    # The first payment file also delivers the payments before the first month.
    first = "" if is_first else f"{period} >= $1 and "
    quote = ", force_quote (*)" if layout.quoted else ""
    con.execute(
        f"copy (select {select} from {rows} where {first}{period} < $1 + interval 1 month"
        f" order by {', '.join(columns)}) to '{str(path).replace(chr(39), chr(39) * 2)}'"
        f" (format csv, header, delimiter '{layout.delimiter}'{quote})",
        [month],
    )
    if layout.crlf or layout.bom or layout.encoding != "utf-8":
        text = path.read_bytes()
        text = text.replace(b"\n", b"\r\n") if layout.crlf else text
        text = (b"\xef\xbb\xbf" if layout.bom else b"") + text
        path.write_bytes(text if layout.encoding == "utf-8" else text.decode().encode(layout.encoding))


def _cell(column: str, layout: Layout) -> str:
    if not layout.brazilian:
        return column
    if column.startswith("data_"):
        return f"strftime({column}, '%d/%m/%Y')"
    if column.startswith("valor_"):
        # 1234567.89 -> 1.234.567,89
        sign = "'R$' || chr(160) || " if layout.currency else ""
        return f"{sign}translate(format('{{:,.2f}}', {column}), ',.', '.,')"
    return column


def _add_defects(con: duckdb.DuckDBPyConnection, folder: Path, start: date, months: int) -> None:
    """Add faulty rows to the second month's files, and repeated and corrected rows to the last month's."""
    if months < 2:
        return
    second, last = con.execute(
        "select $1::date + to_months(1), $1::date + to_months($2)", [start, months - 1]
    ).fetchone()
    invoices = con.execute(
        "select id_fatura, id_cliente, data_emissao, data_vencimento, valor_fatura,"
        " valor_pagamento_minimo from invoices where month_number = 1 order by client limit 8"
    ).fetchall()
    payments = con.execute(
        "select id_pagamento, id_fatura, id_cliente, data_pagamento, valor_pagamento from payments"
        " where data_pagamento >= $1 and data_pagamento < $1 + interval 1 month"
        " order by id_pagamento limit 2",
        [second],
    ).fetchall()
    account_invoices = con.execute(
        "select customer, account, month, invoice from account_invoices where month = $1 order by all",
        [second],
    ).fetchall()
    cells = {"m": f"{second:%Y-%m}", "f": invoices[0][0] if invoices else "none"}
    faturas = folder / FATURAS / f"{FATURAS}_{second:%Y%m}.csv"
    pagamentos = folder / PAGAMENTOS / f"{PAGAMENTOS}_{second:%Y%m}.csv"
    _append(faturas, [line.format(**cells) for line in FAULTY_FATURAS])
    _append(pagamentos, [line.format(**cells) for line in FAULTY_PAGAMENTOS])
    # Three invoices and two payments appear twice in their file, the invoices between blank lines.
    _append(faturas, ["", *(_line(row) for row in invoices[:3]), ""])
    _append(pagamentos, [_line(row) for row in payments])
    # Three account invoices come again, unchanged, in a later file.
    _append(
        folder / INVOICES / f"{INVOICES}_{last:%Y%m}.csv",
        [_line(row) for row in account_invoices[:3]],
    )
    _append(
        folder / INVOICES / f"{INVOICES}_{second:%Y%m}.csv",
        [line.format(**cells) for line in FAULTY_INVOICES],
    )
    # Two invoices come again, unchanged, in the last file, and three with a corrected amount.
    late = folder / FATURAS / f"{FATURAS}_{last:%Y%m}.csv"
    _append(late, [_line(row) for row in invoices[3:5]])
    _append(late, [_line((*row[:4], row[4] + 10, row[5])) for row in invoices[5:8]])


def _write_chatbot(
    con: duckdb.DuckDBPyConnection, folder: Path, clients: int, start: date, seed: int, clean: bool
) -> list[Path]:
    """Write two hours of chatbot events, one as an array and one as lines, and a late file."""
    con.execute(_CHATBOT, {"clients": clients, "start": start, "seed": seed})
    paths = []
    for hour in (9, 10):
        path = folder / f"{start:%Y-%m-%d}" / f"hour={hour:02}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        events = [
            json.loads(event)
            for (event,) in con.execute(
                "select event from chatbot_events where hour = $1 order by moment, event", [hour]
            ).fetchall()
        ]
        lines = [json.dumps(event, ensure_ascii=False) for event in events]
        if hour == 9:
            path.write_text(json.dumps(events, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        else:
            path.write_text("\n".join(lines + ([] if clean else FAULTY_EVENTS)) + "\n", encoding="utf-8")
        paths.append(path)
    if not clean:
        # Two events come again, in an array with one broken object.
        path = folder / "late" / "hour=09.json"
        path.parent.mkdir()
        path.write_text("[\n" + ",\n".join([lines[0], BROKEN_EVENT, lines[1]]) + "\n]\n", encoding="utf-8")
        paths.append(path)
    return paths


def _line(row: tuple) -> str:
    return ",".join(str(cell) for cell in row)


def _append(path: Path, lines: list[str]) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.writelines(line + "\n" for line in lines)
