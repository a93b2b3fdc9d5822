"""The account averages of one reference month, in the format of the business."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from lastro.database import opened
from lastro.export.files import LOCALES, named, text, whole_file


def export_averages(database: Path, reference_month: date, locale: str, folder: Path) -> tuple[Path, int]:
    """Write account_invoice_averages of one reference month as CSV, ordered by customer and account.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        reference_month: First day of the month.
        locale: A key of LOCALES.
        folder: The folder to write to, created if necessary.

    Returns:
        The path of the file and its number of rows, not counting the header.

    Raises:
        FileNotFoundError: The database does not exist.
        ValueError: The build does not have the reference month; no file is written.
        duckdb.Error: The database is not a finished build.
    """
    cells = LOCALES[locale]
    path = folder / named(
        f"account_invoice_averages_{reference_month:%Y-%m}", "csv", "" if locale == "en" else locale
    )
    with opened(database) as con:
        first, last, found = con.execute(
            "select min(reference_month), max(reference_month), count(*) filter (where reference_month = $1)"
            " from lastro_mensageria.account_invoice_averages",
            [reference_month],
        ).fetchone()
        if not found:
            there = f"it has {first:%Y-%m} to {last:%Y-%m}" if first else "it has none"
            raise ValueError(
                f"the build has no account averages for {reference_month:%Y-%m}: {there}. Choose one of "
                "these, or rebuild with the invoices of the months before it."
            )
        result = con.execute(
            "select customer, account, reference_month, avg_invoices_last_3_months,"
            " avg_invoices_last_6_months from lastro_mensageria.account_invoice_averages"
            " where reference_month = $1 order by customer, account",
            [reference_month],
        )
        with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=cells.delimiter, lineterminator="\n")
            writer.writerow(column[0] for column in result.description)
            while rows := result.fetchmany(10_000):
                writer.writerows([text(cell, cells) for cell in row] for row in rows)
    return path, found
