"""The detailed report of a customer's notifications of one day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import quote

import duckdb

from lastro.database import opened
from lastro.export.files import Style, whole_file, write, write_report
from lastro.landing.sql import literal

# The rows that are in memory while a text is written.
_ROWS_AT_ONCE = 10_000

# A line break of any system becomes one space.
_LINE_BREAK = r"\r\n|[\n\r\x0b\x0c\x{85}\x{2028}\x{2029}]"

# The messages that count, from the narrow tables.
_MESSAGES = """
select
    messages.file_id,
    messages.line_number,
    messages.customer_id,
    messages.message_id,
    messages.event_datetime
from lastro_mensageria.base_mensageria__notifications as messages
left join lastro_mensageria.base_mensageria__notifications_repeated as repeated
    on messages.file_id = repeated.file_id and messages.line_number = repeated.line_number
where
    messages.customer_id = {customer}
    and messages.event_date = {day}
    and messages.reasons is null
    and repeated.file_id is null
"""

_KNOWN = """
select min(event_date), max(event_date)
from lastro_mensageria.int_mensageria__lancamentos
where customer_id = $1
"""

_NAME = """
select max_by(customer_name, event_datetime)
from lastro_mensageria.base_mensageria__notifications
where customer_id = $1 and event_date = $2 and reasons is null and customer_name is not null
"""


def export_notifications(
    database: Path,
    customer: str,
    day: date,
    style: Style,
    folder: Path,
    *,
    is_published: bool = False,
    progress: Callable[[float], None] = lambda percent: None,
) -> tuple[Path, int]:
    """Write customer_id, message_id, payload and event_datetime of a customer's messages in order of time.

    The payloads are read from the raw files that hold the messages, and from no others.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        customer: The customer's id.
        day: The day of the messages, in the time zone of the bill.
        style: How to write a table.
        folder: The folder to write to, created if necessary.
        is_published: Whether to write the published text, three lines a message, instead of a table.
        progress: Called with the percentage done.

    Returns:
        The path of the file and its number of messages.

    Raises:
        FileNotFoundError: The database does not exist.
        RuntimeError: The database is not a finished build with notifications.
        ValueError: The build has no messages of the customer on the day, or a raw file has changed; nothing
            is written.
    """
    # Encoded, so that no two customers share a name.
    stem = f"notifications_customer={quote(customer, safe='')}_{day}"
    path = folder / f"{stem}.txt" if is_published else style.path(folder, stem)
    with opened(database) as con:
        # What does not fit is sorted on disk, beside the database.
        con.execute("set memory_limit = '1GB'")
        try:
            messages, files = _count(con, customer, day)
        except (duckdb.CatalogException, duckdb.BinderException):
            raise RuntimeError(
                f"{database} is not a finished build of notifications. Run `dbt build`."
            ) from None
        query = report_query(customer, day, files)
        if is_published:
            name = con.execute(_NAME, [customer, day]).fetchone()[0] or customer
            written = _write_published(con, query, path, name, messages, progress)
        else:
            written = write(con, query, path, style, progress)
    if written != messages:
        path.unlink()
        raise ValueError(
            f"only {written} of {messages} messages are in the raw files of the build. Run `dbt build`, then"
            " export again."
        )
    write_report(path, written, {"notificacoes": written})
    return path, written


def report_query(customer: str, day: date, files: list[int]) -> str:
    """Return the query of the report, which reads only the listed raw files."""
    messages = _MESSAGES.format(customer=literal(customer), day=f"date {literal(str(day))}")
    # A list in the text of the query: DuckDB leaves out the other files before it opens any.
    listed = ", ".join(map(str, files))
    return f"""
        with messages as ({messages}),

        payloads as (
            select file_id, _line_number as line_number, payload
            from lastro_landed_mensageria.notifications
            where file_id in ({listed})
        )

        select messages.customer_id, messages.message_id, payloads.payload, messages.event_datetime
        from payloads
        inner join messages
            on payloads.file_id = messages.file_id and payloads.line_number = messages.line_number
        order by messages.event_datetime, messages.message_id
    """


def _count(con: duckdb.DuckDBPyConnection, customer: str, day: date) -> tuple[int, list[int]]:
    """Return the number of messages, and which files hold them."""
    messages = _MESSAGES.format(customer=literal(customer), day=f"date {literal(str(day))}")
    found = con.execute(
        f"select file_id, count(*) from ({messages}) group by file_id order by file_id"
    ).fetchall()
    if not found:
        first, last = con.execute(_KNOWN, [customer]).fetchone()
        if first is None:
            raise ValueError(f"the build has no messages of customer {customer!r}. Nothing is written.")
        raise ValueError(
            f"the build has no messages of customer {customer!r} on {day}, only from {first} to {last}."
            " Nothing is written."
        )
    return sum(count for _, count in found), [file for file, _ in found]


def _write_published(
    con: duckdb.DuckDBPyConnection,
    query: str,
    path: Path,
    name: str,
    messages: int,
    progress: Callable[[float], None],
) -> int:
    texts = f"""
        select
            'Mensagem ID: ' || message_id
            || chr(10) || 'Payload: “'
            || regexp_replace(coalesce(payload, ''), '{_LINE_BREAK}', ' ', 'g') || '”'
            || chr(10) || 'Data hora: ' || strftime(event_datetime, '%Y-%m-%dT%H:%M:%S.%g+00:00') || chr(10)
        from ({query})
    """
    written = 0
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        file.write(f"Relatório Detalhado de Notificações\n= Cliente: {name} =\n")
        result = con.execute(texts)
        while rows := result.fetchmany(_ROWS_AT_ONCE):
            file.writelines(text for (text,) in rows)
            written += len(rows)
            progress(100 * written / messages)
    return written
