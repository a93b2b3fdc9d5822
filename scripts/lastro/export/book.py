"""The client book for those who train models: Parquet by reference date, with its data dictionary."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from lastro.database import opened
from lastro.export.files import Format, Style, whole_file, write, write_report
from lastro.export.marts import read_mart
from lastro.landing.sql import literal

_BOOK = "lastro_cartoes.book_faturas_cliente"


def export_book(
    database: Path,
    ref_date: date | None,
    folder: Path,
    progress: Callable[[float], None] = lambda percent: None,
) -> list[tuple[Path, int]]:
    """Write book/ref_date=YYYY-MM-DD/book_faturas_cliente.parquet for each date, and book/dictionary.csv.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        ref_date: Only this reference date; None for every one.
        folder: The folder to write to, created if necessary.
        progress: Called with the percentage done of the current date.

    Returns:
        The path of each file and its number of rows, the dictionary last.

    Raises:
        FileNotFoundError: The database does not exist.
        ValueError: The book does not have the reference date; nothing is written.
        duckdb.Error: The database is not a finished build.
    """
    written = []
    with opened(database) as con:
        there = [
            day for (day,) in con.execute(f"select distinct ref_date from {_BOOK} order by 1").fetchall()
        ]
        dates = [day for day in there if ref_date in (None, day)]
        if not dates:
            known = f"it has {there[0]} to {there[-1]}" if there else "it has none"
            raise ValueError(f"the book has no reference date {ref_date}: {known}.")
        for day in dates:
            path = folder / "book" / f"ref_date={day}" / "book_faturas_cliente.parquet"
            query = f"select * from {_BOOK} where ref_date = {literal(str(day))} order by id_cliente"
            rows = write(con, query, path, Style(Format.parquet), progress)
            write_report(path, rows, {"ref_date": str(day)})
            written.append((path, rows))
        formulas = dict(
            con.execute(
                "select column_name, comment from duckdb_columns()"
                " where schema_name = 'lastro_cartoes' and table_name = 'book_faturas_cliente'"
            ).fetchall()
        )
    path = folder / "book" / "dictionary.csv"
    columns = read_mart("book_faturas_cliente").columns
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["name", "type", "formula", "unit", "window"])
        for column in columns:
            formula, window = _split(formulas[column.name])
            writer.writerow([column.name, column.type, formula, column.unit or "", window])
    return [*written, (path, len(columns))]


def _split(description: str) -> tuple[str, str]:
    """Return the formula and the window of a description that ends in its window."""
    match = re.fullmatch(r"(.*?)(?: Window (U\d+M): .*)?", description.strip(), re.DOTALL)
    return match[1], match[2] or ""
