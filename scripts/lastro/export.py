"""Exports: what dbt built, as files in the shape that the business asks for."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TextIO

import duckdb


class Locale(NamedTuple):
    """How a file writes its cells.

    Attributes:
        delimiter: one character between the cells.
        null: what stands for a value that is not there.
        amount: an amount as text, with its two decimals.
    """

    delimiter: str
    null: str
    amount: Callable[[Decimal], str]


def _brazilian(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


LOCALES = {"en": Locale(",", "", str), "pt_BR": Locale(";", "null", _brazilian)}


def export_averages(database: Path, reference_month: date, locale: str, folder: Path) -> tuple[Path, int]:
    """Write account_invoice_averages of one reference month as CSV, ordered by customer and account.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        reference_month: First day of the month.
        locale: A key of LOCALES.
        folder: Where to write; it is made if it is not there.

    Returns:
        The path of the file and its number of rows, the header apart.

    Raises:
        FileNotFoundError: There is no such database.
        ValueError: The build has no such reference month; no file is written.
        duckdb.Error: The database is not a finished build.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database} does not exist. Run `make build` first.")
    cells = LOCALES[locale]
    path = folder / f"account_invoice_averages_{reference_month:%Y-%m}.csv"
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute("set search_path = 'lastro_mensageria'")
        first, last, found = con.execute(
            "select min(reference_month), max(reference_month), count(*) filter (where reference_month = $1)"
            " from account_invoice_averages",
            [reference_month],
        ).fetchone()
        if not found:
            there = f"it has {first:%Y-%m} to {last:%Y-%m}" if first else "it has none at all"
            raise ValueError(
                f"the build has no account averages for {reference_month:%Y-%m}: {there}. Choose one of "
                "these, or build again with the invoices of the months before."
            )
        result = con.execute(
            "select customer, account, reference_month, avg_invoices_last_3_months,"
            " avg_invoices_last_6_months from account_invoice_averages"
            " where reference_month = $1 order by customer, account",
            [reference_month],
        )
        with _whole_file(path) as file:
            writer = csv.writer(file, delimiter=cells.delimiter, lineterminator="\n")
            writer.writerow(column[0] for column in result.description)
            while rows := result.fetchmany(10_000):
                writer.writerows([_text(cell, cells) for cell in row] for row in rows)
    return path, found


def _text(cell: object, locale: Locale) -> str:
    if cell is None:
        return locale.null
    return locale.amount(cell) if isinstance(cell, Decimal) else str(cell)


@contextmanager
def _whole_file(path: Path) -> Iterator[TextIO]:
    """A file that has its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
