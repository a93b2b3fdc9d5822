"""The messaging platform's part of the sample: account invoices, chatbot events and notifications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb

from lastro.sample import notifications_day
from lastro.sample.files import Sample, append, csv_line, months_of, write_csv

TABLES = ("invoices", "chatbot", "notifications", "fechamentos", "lacunas")

# Lines added to the file of the second month, {m}. Each comment names the reason in quarentena.
FAULTY_INVOICES = [
    ",A0000,{m}-01,10.00",  # customer:missing
    "C0000,,{m}-01,10.00",  # account:missing
    "C0000,A0000,{m},10.00",  # month:not_a_date
    "C0000,A0000,{m}-01,10 reais",  # invoice:not_a_number
    "C0000,A0000,{m}-01,",  # invoice:missing
    "C0000,A0000,{m}-01",  # row:wrong_number_of_columns
]

# Events added to the second hour.
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


def write(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> Iterator[Path]:
    """Write a file of invoices per month and the events of two hours.

    Args:
        con: An open database with the macro CHANCE; the tables are created there.
        folder: The folder to write to, which has a subfolder per table.
        sample: What to generate.

    Yields:
        Each file, when it is written.
    """
    yield from _write_invoices(con, folder / "invoices", sample)
    yield from _write_chatbot(con, folder / "chatbot", sample)
    yield from notifications_day.write(con, folder, sample)


def _write_invoices(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> Iterator[Path]:
    values = {"clients": sample.clients, "months": sample.months, "start": sample.start, "seed": sample.seed}
    con.execute(_ACCOUNT_INVOICES, values)
    months = months_of(sample)[:-1]
    paths = [folder / f"invoices_{month:%Y%m}.csv" for month in months]
    for month, path in zip(months, paths, strict=True):
        rows = f"account_invoices where month = date '{month}'"
        write_csv(con, path, rows, ["customer", "account", "month", "invoice"])
        yield path
    if not sample.clean and sample.months > 1:
        # Three invoices of the second month come again, unchanged, in the last file.
        again = con.execute(
            "select * from account_invoices where month = $1 order by all limit 3", [months[1]]
        ).fetchall()
        append(paths[-1], [csv_line(row) for row in again])
        append(paths[1], [line.format(m=f"{months[1]:%Y-%m}") for line in FAULTY_INVOICES])


def _write_chatbot(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> Iterator[Path]:
    """Write two hours of events, one as an array and one as lines, and a late file."""
    con.execute(_CHATBOT, {"clients": sample.clients, "start": sample.start, "seed": sample.seed})
    for hour in (9, 10):
        path = folder / f"{sample.start:%Y-%m-%d}" / f"hour={hour:02}.json"
        path.parent.mkdir(exist_ok=True)
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
            append(path, lines + ([] if sample.clean else FAULTY_EVENTS))
        yield path
    if not sample.clean:
        # Two events come again, in an array with one broken object.
        path = folder / "late" / "hour=09.json"
        path.parent.mkdir()
        path.write_text("[\n" + ",\n".join([lines[0], BROKEN_EVENT, lines[1]]) + "\n]\n", encoding="utf-8")
        yield path
