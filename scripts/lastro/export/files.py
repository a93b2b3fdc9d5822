"""What the exports share: formats, cells, file names, and files written completely or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import xlsxwriter

from lastro.landing.sql import literal, quoted


class Format(StrEnum):
    """The formats of an exported file."""

    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"


# The rows of a worksheet and the characters of a cell (Excel's specifications and limits).
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767


class Locale(NamedTuple):
    """How a CSV writes its cells.

    Attributes:
        delimiter: The character between the cells, unless another is asked for.
        null: The text for a missing value.
        is_brazilian: Whether an amount is 1.234,56 instead of 1234.56.
    """

    delimiter: str
    null: str
    is_brazilian: bool


LOCALES = {"en": Locale(",", "", False), "pt_BR": Locale(";", "null", True)}


@dataclass(frozen=True)
class Style:
    """How an export looks.

    Attributes:
        layout: A value of Format.
        locale: A key of LOCALES; only a CSV depends on it.
        delimiter: The character between the cells of a CSV; None for the locale's.
        bom: Whether a CSV starts with a byte order mark, by which Excel knows UTF-8.
    """

    layout: str = Format.csv
    locale: str = "en"
    delimiter: str | None = None
    bom: bool = False

    def path(self, folder: Path, stem: str, default: str | None = None) -> Path:
        """Return the path of a file, with the options that are not the default in its name."""
        options = []
        if self.layout == Format.csv:
            usual = default or LOCALES[self.locale].delimiter
            options = [
                "" if self.locale == "en" else self.locale,
                "" if self.delimiter in (None, usual) else _delimiter_name(self.delimiter),
                "bom" if self.bom else "",
            ]
        return folder / ("_".join([stem, *filter(None, options)]) + f".{self.layout}")


def _delimiter_name(delimiter: str) -> str:
    names = {",": "comma", "\t": "tab", "|": "pipe", ";": "semicolon"}
    return names.get(delimiter, f"u{ord(delimiter):04x}")


def write(
    con: duckdb.DuckDBPyConnection,
    query: str,
    path: Path,
    style: Style,
    progress: Callable[[float], None] = lambda percent: None,
) -> int:
    """Write the rows of a query with a header.

    Args:
        con: A connection on which nothing else runs.
        query: The rows, in order.
        path: The file, which appears only when it is complete.
        style: How to write it.
        progress: Called with the percentage done.

    Returns:
        The number of rows.

    Raises:
        ValueError: A workbook cannot hold the rows; nothing is written.
    """
    if style.layout == Format.xlsx:
        return _write_workbook(con, query, path)
    if style.layout == Format.parquet:
        options = "format parquet, compression zstd"
    else:
        locale = LOCALES[style.locale]
        query = as_text(con, query, locale.is_brazilian)
        delimiter = style.delimiter or locale.delimiter
        options = f"format csv, header, delimiter {literal(delimiter)}, nullstr {literal(locale.null)}"
    with whole_file(path) as partial:
        rows = _copy(con, f"copy ({query}) to {literal(str(partial))} ({options})", progress)
        if style.layout == Format.csv and style.bom:
            _begin_with_bom(partial)
    return rows


def as_text(con: duckdb.DuckDBPyConnection, query: str, is_brazilian: bool) -> str:
    """Return the query with times in ISO 8601, maps as JSON and, where Brazilian, amounts as 1.234,56."""
    cells = []
    for name, kind, *_ in con.execute(f"describe {query}").fetchall():
        cell = quoted(name)
        if kind.startswith("TIMESTAMP"):
            cell = f"replace(cast({cell} as varchar), ' ', 'T')"
        elif kind.startswith(("MAP", "STRUCT")) or kind.endswith("[]"):
            cell = f"cast(to_json({cell}) as varchar)"
        elif kind.startswith("DECIMAL") and is_brazilian:
            cell = _brazilian(cell)
        cells.append(f"{cell} as {quoted(name)}")
    return f"select {', '.join(cells)} from ({query})"


def _brazilian(amount: str) -> str:
    """Return SQL that writes a decimal as 1.234,56 from its digits, because a double would round them."""
    whole, cents = (f"split_part(cast(abs({amount}) as varchar), '.', {part})" for part in (1, 2))
    grouped = f"ltrim(reverse(regexp_replace(reverse({whole}), '([0-9]{{3}})', '\\1.', 'g')), '.')"
    sign = f"case when {amount} < 0 then '-' else '' end"
    return f"{sign} || {grouped} || case when {cents} = '' then '' else ',' || {cents} end"


def _copy(con: duckdb.DuckDBPyConnection, statement: str, progress: Callable[[float], None]) -> int:
    """Run a COPY in a thread, so that its progress shows and Ctrl-C ends it, and return its rows."""
    con.execute("set enable_progress_bar = true; set enable_progress_bar_print = false")
    # Whatever does not fit is sorted on disk, beside the database.
    con.execute("set memory_limit = '1GB'")
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(lambda: con.execute(statement).fetchone()[0])
        try:
            while not running.done():
                wait([running], timeout=0.2)
                progress(max(0.0, con.query_progress()))
        except KeyboardInterrupt:
            con.interrupt()
            raise
        return running.result()


def _begin_with_bom(path: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".bom_") as plain:
        path.replace(plain.name)
        with path.open("wb") as file, Path(plain.name).open("rb") as text:
            file.write(b"\xef\xbb\xbf")
            shutil.copyfileobj(text, file)


def _write_workbook(con: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a query as one sheet, and return its rows. No text becomes a formula, a number or a link."""
    (count,) = con.execute(f"select count(*) from ({query})").fetchone()
    if count >= SHEET_ROWS:
        raise ValueError(
            f"{count:,} rows are more than the {SHEET_ROWS - 1:,} that a worksheet holds."
            " Choose --format csv or parquet."
        )
    result = con.execute(as_text(con, query, is_brazilian=False))
    names = [column[0] for column in result.description]
    number = 0
    # Rows are spooled beside the workbook. The spool is removed whatever happens.
    with (
        whole_file(path) as partial,
        tempfile.TemporaryDirectory(prefix=".xlsx_", dir=path.parent) as spool,
    ):
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_date_format": "yyyy-mm-dd",
            "tmpdir": spool,
        }
        book = xlsxwriter.Workbook(str(partial), options)
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, names)
        while rows := result.fetchmany(10_000):
            for row in rows:
                number += 1
                _refuse_long_texts(number, names, row)
                sheet.write_row(number, 0, map(_held_exactly, row))
        book.close()
    return number


def _held_exactly(cell: object) -> object:
    """Return a number of more than fifteen digits as text, because Excel would round it."""
    is_number = isinstance(cell, int | Decimal) and not isinstance(cell, bool)
    return str(cell) if is_number and len(str(cell).strip("-").replace(".", "").lstrip("0")) > 15 else cell


def _refuse_long_texts(number: int, names: list[str], row: tuple) -> None:
    for name, cell in zip(names, row, strict=True):
        if isinstance(cell, str) and len(cell) > CELL_CHARACTERS:
            raise ValueError(
                f"row {number}, column {name}: the text has {len(cell):,} characters, but a workbook cell "
                f"holds only {CELL_CHARACTERS:,}. Choose --format csv or parquet."
            )


def write_report(path: Path, rows: int, totals: dict[str, Any]) -> None:
    """Write a file's name, rows, totals and SHA-256 to a JSON file beside it."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    report = {"file": path.name, "rows": rows, **totals, "sha256": digest}
    with whole_file(path.with_name(f"{path.name}.json")) as partial:
        partial.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


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
