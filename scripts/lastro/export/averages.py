"""The account averages of one reference month, in the format of the business."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lastro.database import opened
from lastro.export.files import Style, write
from lastro.landing.sql import literal


def export_averages(database: Path, reference_month: date, style: Style, folder: Path) -> tuple[Path, int]:
    """Write account_invoice_averages of one reference month, ordered by customer and account.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        reference_month: First day of the month.
        style: How to write it.
        folder: The folder to write to, created if necessary.

    Returns:
        The path of the file and its number of rows, not counting the header.

    Raises:
        FileNotFoundError: The database does not exist.
        ValueError: The build does not have the reference month; no file is written.
        duckdb.Error: The database is not a finished build.
    """
    path = style.path(folder, f"account_invoice_averages_{reference_month:%Y-%m}")
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
        query = (
            "select customer, account, reference_month, avg_invoices_last_3_months,"
            " avg_invoices_last_6_months from lastro_mensageria.account_invoice_averages"
            f" where reference_month = {literal(str(reference_month))} order by customer, account"
        )
        return path, write(con, query, path, style)
