"""What the exports share: formats, locales, file names, and files written completely or not at all."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

import duckdb
import xlsxwriter

from lastro.landing.sql import literal


class Format(StrEnum):
    """The formats of an exported file."""

    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"


# The rows of a worksheet and the characters of a cell (Excel's specifications and limits).
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767


class Locale(NamedTuple):
    """How a file writes its cells.

    Attributes:
        delimiter: The character between the cells.
        null: The text for a missing value.
        amount: Formats an amount as text with two decimals.
    """

    delimiter: str
    null: str
    amount: Callable[[Decimal], str]


def _brazilian(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


LOCALES = {"en": Locale(",", "", str), "pt_BR": Locale(";", "null", _brazilian)}


def named(stem: str, suffix: str, *options: str) -> str:
    """Return a file name with the options that are not the default, so that variants do not overwrite it."""
    return "_".join([stem, *filter(None, options)]) + f".{suffix}"


def delimiter_name(delimiter: str) -> str:
    """Return a delimiter's name for a file name; empty for the default."""
    names = {";": "", ",": "comma", "\t": "tab", "|": "pipe"}
    return names.get(delimiter, f"u{ord(delimiter):04x}")


def write(con: duckdb.DuckDBPyConnection, query: str, path: Path, layout: str, delimiter: str = ",") -> int:
    """Write the rows of a query with a header, and return their number."""
    with whole_file(path) as partial:
        if layout == "xlsx":
            return _write_workbook(con.execute(query), partial)
        options = "format parquet, compression zstd"
        if layout == "csv":
            options = f"format csv, header, delimiter {literal(delimiter)}"
        return con.execute(f"copy ({query}) to {literal(str(partial))} ({options})").fetchone()[0]


def _write_workbook(result: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Write a query as one sheet, and return its rows. No text becomes a formula, a number or a link."""
    names = [column[0] for column in result.description]
    count = 0
    # Rows are spooled beside the workbook. The spool is removed whatever happens.
    with tempfile.TemporaryDirectory(prefix=".xlsx_", dir=path.parent) as spool:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd",
            "tmpdir": spool,
        }
        book = xlsxwriter.Workbook(str(path), options)
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, names)
        while rows := result.fetchmany(10_000):
            for row in rows:
                count += 1
                _refuse_what_no_sheet_holds(count, names, row)
                sheet.write_row(count, 0, row)
        book.close()
    return count


def _refuse_what_no_sheet_holds(number: int, names: list[str], row: tuple) -> None:
    remedy = "Choose --format csv or parquet."
    if number >= SHEET_ROWS:
        raise ValueError(f"more rows than the {SHEET_ROWS - 1:,} that a worksheet holds. {remedy}")
    for name, cell in zip(names, row, strict=True):
        if isinstance(cell, str) and len(cell) > CELL_CHARACTERS:
            raise ValueError(
                f"row {number}, column {name}: the text has {len(cell):,} characters, but a workbook cell "
                f"holds only {CELL_CHARACTERS:,}. {remedy}"
            )


def text(cell: object, locale: Locale) -> str:
    """Return a cell as a locale writes it."""
    if cell is None:
        return locale.null
    return locale.amount(cell) if isinstance(cell, Decimal) else str(cell)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a partial path, which is renamed to the file's own name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
