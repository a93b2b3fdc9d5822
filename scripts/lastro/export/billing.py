"""The bill of one day of notifications, whose total is reconciled to the messages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb

from lastro.database import opened
from lastro.export.files import Style, whole_file, write, write_report
from lastro.landing.sql import literal
from lastro.panel import shown_names

_BILL = """
select customer_id, customer_name, data, notificacoes, valor, ajuste_de, fechamento_id
from lastro_mensageria.relatorio_cobranca_notificacoes
where data = {day}
order by customer_name nulls last, customer_id, ajuste_de nulls first
"""

_KNOWN = """
select min(data), max(data)
from lastro_mensageria.relatorio_cobranca_notificacoes
"""

_STATE = """
select estado, notificacoes, valor, notificacoes_ajustadas, fechamento_id
from lastro_mensageria.dias_cobranca_notificacoes
where data = $1
"""

# Counted from the minutes, not from the lines.
_MESSAGES = (
    "select coalesce(sum(notificacoes), 0) from lastro_mensageria.notificacoes_por_minuto where data = $1"
)

_POSTED = """
select coalesce(sum(notificacoes), 0) from lastro_mensageria.int_mensageria__lancamentos where lancado_em = $1
"""


class Bill(NamedTuple):
    """An exported bill.

    Attributes:
        path: The file.
        rows: Its lines: one per customer and adjustment.
        messages: The messages on them.
        amount: What they cost in R$.
        state: aberta, em_carencia, fechada or ajustada.
        is_closed: Whether it can no longer change.
    """

    path: Path
    rows: int
    messages: int
    amount: Decimal
    state: str
    is_closed: bool


def export_billing(
    database: Path, day: date, style: Style, folder: Path, *, is_published: bool = False
) -> Bill:
    """Write the bill of a day, and beside it a JSON file with its rows, messages, R$ and SHA-256.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        day: The day of the bill.
        style: How to write a table.
        folder: The folder to write to, created if necessary.
        is_published: Whether to write the published text, a block a line, instead of a table.

    Raises:
        FileNotFoundError: The database does not exist.
        RuntimeError: The database is not a finished build with notifications, or its totals differ.
        ValueError: The day has no bill, or a line no price; nothing is written.
    """
    query = _BILL.format(day=f"date {literal(str(day))}")
    with opened(database) as con:
        try:
            lines = con.execute(query).fetchall()
            _refuse_unknown(con, day, lines)
            state, is_closed = _reconcile(con, day, lines)
        except (duckdb.CatalogException, duckdb.BinderException):
            raise RuntimeError(
                f"{database} is not a finished build of notifications. Run `dbt build`."
            ) from None
        if is_published:
            path = folder / f"billing_{day}.txt"
            with whole_file(path) as partial:
                partial.write_text(published(lines), encoding="utf-8", newline="")
        else:
            path = style.path(folder, f"billing_{day}")
            write(con, query, path, style)
    messages, amount = sum(line[3] for line in lines), sum((line[4] for line in lines), Decimal(0))
    closing = {"fechamento_id": lines[0][6]}
    write_report(path, len(lines), {"notificacoes": int(messages), "valor": str(amount), **closing})
    return Bill(path, len(lines), int(messages), amount, state, is_closed)


def published(lines: list[tuple]) -> str:
    """Return the published text of the lines of a bill, an empty line between two blocks."""
    names = shown_names((line[0], line[1]) for line in lines)
    blocks = []
    for customer, name, day, messages, amount, adjusts, _ in lines:
        value = f"{amount:.2f}".replace(".", ",")
        blocks.append(
            "Relatório de Cobrança\n"
            f"Cliente: {names[customer, name]}\n"
            f"Notificações Whatsapp: {messages}\n"
            f"Valor: R$ {value}\n"
            f"Data: {day}\n" + (f"Ajuste de: {adjusts}\n" if adjusts else "")
        )
    return "\n".join(blocks)


def _refuse_unknown(con: duckdb.DuckDBPyConnection, day: date, lines: list[tuple]) -> None:
    if not lines:
        first, last = con.execute(_KNOWN).fetchone()
        there = f"it has {first} to {last}" if first else "it has none"
        raise ValueError(f"the build has no bill of {day}: {there}. Nothing is written.")
    for customer, *_, amount, adjusts, _ in lines:
        if amount is None:
            raise ValueError(
                f"customer {customer} has no price on {adjusts or day}. Add one to"
                " seeds/mensageria/precos_notificacao.csv, then run `dbt build`."
            )


def _reconcile(con: duckdb.DuckDBPyConnection, day: date, lines: list[tuple]) -> tuple[str, bool]:
    """Compare the lines with the day's totals and with the messages, and return the day's state."""
    own = [line for line in lines if line[5] is None]
    billed = (sum(line[3] for line in own), sum((line[4] for line in own), Decimal(0)))
    posted = sum(line[3] for line in lines)
    found = con.execute(_STATE, [day]).fetchone() or ("aberta", 0, Decimal(0), 0, None)
    state, messages, amount, adjusted, closing = found
    (counted,) = con.execute(_MESSAGES, [day]).fetchone()
    (in_postings,) = con.execute(_POSTED, [day]).fetchone()
    for what, here, there in (
        ("the day's own lines and the day", billed, (messages, amount)),
        ("all lines and what was posted on the day", posted, in_postings),
        ("the day with its adjustments and the minutes", messages + adjusted, counted),
    ):
        if here != there:
            raise RuntimeError(f"the bill of {day} does not add up: {what} differ, {here} and {there}.")
    return state, closing is not None
