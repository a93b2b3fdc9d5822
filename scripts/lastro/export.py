"""Exports: what dbt built, as files in the shape that the business asks for."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import xlsxwriter

FORMATS = ("csv", "parquet", "xlsx")
# What one sheet of a workbook and one of its cells can hold (Excel's specifications and limits).
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
# Every column, so that the same movements are the same bytes.
_ORDER = (
    "data_movimento, numero_cartao, vlr_transacao_movimento, des_transacao_movimento, nome_associado,"
    " sobrenome_associado, idade_associado, nome_impresso_cartao, data_criacao_cartao, tipo_conta,"
    " data_criacao_conta"
)


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
    cells = LOCALES[locale]
    path = folder / f"account_invoice_averages_{reference_month:%Y-%m}.csv"
    with _opened(database) as con:
        first, last, found = con.execute(
            "select min(reference_month), max(reference_month), count(*) filter (where reference_month = $1)"
            " from lastro_mensageria.account_invoice_averages",
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
            " avg_invoices_last_6_months from lastro_mensageria.account_invoice_averages"
            " where reference_month = $1 order by customer, account",
            [reference_month],
        )
        with _whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=cells.delimiter, lineterminator="\n")
            writer.writerow(column[0] for column in result.description)
            while rows := result.fetchmany(10_000):
                writer.writerows([_text(cell, cells) for cell in row] for row in rows)
    return path, found


def export_chatbot(database: Path, flow: str | None, layout: str, folder: Path) -> list[tuple[Path, int]]:
    """Write one report a flow: a row per session, its times, and its answers in the order of the flow.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        flow: Only this flow, as the events name it; None for every flow.
        layout: One of FORMATS. In CSV and XLSX the times are ISO 8601 texts.
        folder: Where to write; it is made if it is not there.

    Returns:
        The path of each file, which is named as chatbot_keys names the flow, and its number of rows.

    Raises:
        FileNotFoundError: There is no such database.
        ValueError: The build has no such flow, or a workbook cannot hold it; that file is not written.
        duckdb.Error: The database is not a finished build.
    """
    written = []
    with _opened(database) as con:
        flows = dict(
            con.execute(
                "select distinct flow, relation_name from lastro_mensageria.chatbot_keys order by flow"
            ).fetchall()
        )
        if flow is not None and flow not in flows:
            there = "it has " + ", ".join(map(repr, flows)) if flows else "it has none at all"
            raise ValueError(
                f"the build has no answers in flow {flow!r}: {there}. Choose one of these, or build again "
                "with the hours in which it was answered."
            )
        for name in flows.values() if flow is None else [flows[flow]]:
            times = (
                ""
                if layout == "parquet"
                else (
                    " replace (replace(cast(first_answer_dt as varchar), ' ', 'T') as first_answer_dt,"
                    " replace(cast(last_answer_dt as varchar), ' ', 'T') as last_answer_dt)"
                )
            )
            query = f'select *{times} from lastro_mensageria."{name}" order by customer, session'
            path = folder / f"{name}.{layout}"
            written.append((path, _write(con, query, path, layout)))
    return written


def export_movimento_flat(database: Path, layout: str, delimiter: str, folder: Path) -> tuple[Path, int]:
    """Write movimento_flat, with its SHA-256 and its rows and R$ in a file beside it.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        layout: One of FORMATS. In CSV and XLSX times are ISO 8601 in UTC.
        delimiter: One character between the cells of a CSV.
        folder: Where to write; it is made if it is not there.

    Returns:
        The path of the file and its number of rows, the header apart.

    Raises:
        FileNotFoundError: There is no such database.
        ValueError: Rows or R$ are not those of the fact, or a workbook cannot hold them; nothing is written.
        duckdb.Error: The database is not a finished build.
    """
    path = folder / f"movimento_flat.{layout}"
    times = (
        ""
        if layout == "parquet"
        else " replace (strftime(data_movimento, '%Y-%m-%dT%H:%M:%S.%gZ') as data_movimento)"
    )
    totals = "select count(*), sum({}) from lastro_cooperativa.{}"
    with _opened(database) as con:
        flat = con.execute(totals.format("vlr_transacao_movimento", "movimento_flat")).fetchone()
        fact = con.execute(totals.format("valor_movimentacao", "fct_movimentacao_cartao")).fetchone()
        if flat != fact:
            raise ValueError(
                f"movimento_flat has {flat[0]} rows and R$ {flat[1]}, the fact {fact[0]} and R$ {fact[1]}. "
                "Build again."
            )
        query = f"select *{times} from lastro_cooperativa.movimento_flat order by {_ORDER}"
        rows = _write(con, query, path, layout, delimiter)
        if rows != flat[0]:
            path.unlink()
            raise ValueError(f"{rows} rows were written of {flat[0]}.")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    report = {"file": path.name, "rows": rows, "vlr_transacao_movimento": str(flat[1] or 0), "sha256": digest}
    with _whole_file(path.with_name(f"{path.name}.json")) as partial:
        partial.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return path, rows


@contextmanager
def _opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The database, to read only."""
    if not database.exists():
        raise FileNotFoundError(f"{database} does not exist. Run `make build` first.")
    with duckdb.connect(str(database), read_only=True) as con:
        con.execute("set enable_progress_bar = false")
        yield con


def _write(con: duckdb.DuckDBPyConnection, query: str, path: Path, layout: str, delimiter: str = ",") -> int:
    """Write the rows of a query with a header; their number."""
    with _whole_file(path) as partial:
        if layout == "xlsx":
            return _write_workbook(con.execute(query), partial)
        options = "format parquet, compression zstd"
        if layout == "csv":
            options = f"format csv, header, delimiter {_literal(delimiter)}"
        return con.execute(f"copy ({query}) to {_literal(str(partial))} ({options})").fetchone()[0]


def _literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _write_workbook(result: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Write the rows of a query as one sheet; their number. No text becomes a formula, a number or a link."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
        "tmpdir": str(path.parent),
    }
    count = 0
    names = [column[0] for column in result.description]
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, names)
        while rows := result.fetchmany(10_000):
            for row in rows:
                count += 1
                if count >= SHEET_ROWS:
                    raise ValueError(
                        f"more than the {SHEET_ROWS - 1:,} rows that a sheet of a workbook holds. "
                        "Choose --format csv or parquet."
                    )
                for number, cell in enumerate(row):
                    if isinstance(cell, str) and len(cell) > CELL_CHARACTERS:
                        raise ValueError(
                            f"row {count}, column {names[number]}: a text of {len(cell):,} characters, and "
                            f"a cell of a workbook holds {CELL_CHARACTERS:,}. Choose --format csv or parquet."
                        )
                sheet.write_row(count, 0, row)
    return count


def _text(cell: object, locale: Locale) -> str:
    if cell is None:
        return locale.null
    return locale.amount(cell) if isinstance(cell, Decimal) else str(cell)


@contextmanager
def _whole_file(path: Path) -> Iterator[Path]:
    """Where to write a file that has its name only when it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
