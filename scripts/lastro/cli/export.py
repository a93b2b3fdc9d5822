"""`lastro export`: the tables of the last build as files for people and systems."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from lastro.cli.errors import Commands
from lastro.cli.options import (
    DATABASE,
    EXPORTS,
    RAW_ROOT,
    RECEIVED,
    Database,
    Exports,
    RawRoot,
    Received,
    percent_progress,
)
from lastro.export.averages import export_averages
from lastro.export.billing import export_billing
from lastro.export.book import export_book
from lastro.export.chatbot import export_chatbot
from lastro.export.files import LOCALES, Format, Style
from lastro.export.marts import mart_names, read_mart
from lastro.export.movimento_flat import export_movimento_flat
from lastro.export.notifications import export_notifications
from lastro.export.quarentena import export_quarentena
from lastro.export.rejects import export_rejects
from lastro.export.tables import export_table

app = typer.Typer(
    cls=Commands,
    help="Write tables of the last build as files for people and systems.",
    no_args_is_help=True,
)


class TableFormat(StrEnum):
    """The formats of a table that may be too long for a worksheet."""

    csv = "csv"
    parquet = "parquet"


class Layout(StrEnum):
    """How a report of notifications is laid out."""

    table = "table"
    published = "published"


LocaleName = StrEnum("LocaleName", {name: name for name in LOCALES})
FileFormat = Annotated[Format, typer.Option("--format", help="File format.")]
FileLocale = Annotated[
    LocaleName,
    typer.Option(help="en: 41416.66 and empty; pt_BR: 41.416,66 and null, delimited by semicolons."),
]
ReportLayout = Annotated[
    Layout,
    typer.Option("--layout", help="table: rows in --format; published: the text of the product, as .txt."),
]
ReportDate = Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day.")]
Bom = Annotated[bool, typer.Option("--bom", help="Begin a CSV with a byte order mark, for Excel.")]


def _one_character(value: str | None) -> str | None:
    if value is not None and (len(value) != 1 or value in '"\r\n'):
        raise typer.BadParameter(f"{value!r} is not one character that can delimit cells.")
    return value


Delimiter = Annotated[
    str | None,
    typer.Option(help="One character that delimits the cells of a CSV.", callback=_one_character),
]


@app.command()
def averages(
    reference_month: Annotated[
        datetime, typer.Option(formats=["%Y-%m"], help="Average the months before this one, YYYY-MM.")
    ],
    locale: FileLocale = LocaleName.en,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write the 3-month and 6-month averages of every account for one reference month as CSV."""
    path, rows = export_averages(database, reference_month.date(), Style(locale=locale), to)
    typer.echo(f"{rows} rows in {path}")


@app.command()
def chatbot(
    flow: Annotated[
        str | None, typer.Option(help="Only this flow, as the events name it; default: every flow.")
    ] = None,
    layout: FileFormat = Format.csv,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write one report per flow: a row per session, its answers in the order the flow asks."""
    for path, rows in export_chatbot(database, flow, Style(layout), to):
        typer.echo(f"{rows} rows in {path}")


@app.command("movimento_flat")
def movimento_flat(
    layout: FileFormat = Format.csv,
    delimiter: Delimiter = ";",
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write the cooperative's movements as one flat file, with a checksum and row count beside it."""
    path, rows = export_movimento_flat(database, Style(layout, delimiter=delimiter), to)
    typer.echo(f"{rows} rows in {path}")


@app.command()
def book(
    ref_date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only this reference date; default: every one."),
    ] = None,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write the client book as Parquet by reference date, with a data dictionary."""
    with percent_progress("book") as progress:
        written = export_book(database, ref_date.date() if ref_date else None, to, progress)
    for path, rows in written:
        typer.echo(f"{rows} rows in {path}")


@app.command()
def quarentena(
    source_file: Annotated[
        str | None, typer.Option("--file", help="Only this raw file, as reconciliacao names it.")
    ] = None,
    layout: FileFormat = Format.csv,
    locale: FileLocale = LocaleName.en,
    delimiter: Delimiter = None,
    bom: Bom = False,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write one report per raw file: what was rejected, the line as it came, why, and what to do."""
    style = Style(layout, locale, delimiter, bom)
    for path, rows in export_quarentena(database, source_file, locale, style, to):
        typer.echo(f"{rows} rows in {path}")


@app.command()
def rejects(
    batch: Annotated[
        str, typer.Option("--batch", metavar="ID", help="The batch, such as acme-20240205-0001.")
    ],
    database: Database = DATABASE,
    received: Received = RECEIVED,
    raw: RawRoot = RAW_ROOT,
    to: Exports = EXPORTS,
) -> None:
    """Write the rejected debts of a batch in the client's own layout, with what is wrong, to send again."""
    path, rows = export_rejects(database, raw, received, batch, to)
    typer.echo(f"{rows} rows in {path}")


@app.command()
def notifications(
    customer: Annotated[str, typer.Option(metavar="ID", help="The customer.")],
    day: ReportDate,
    form: Annotated[TableFormat, typer.Option("--format", help="File format of a table.")] = TableFormat.csv,
    layout: ReportLayout = Layout.table,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write every message of a customer and day with its text, in order of time."""
    is_published = layout is Layout.published
    with percent_progress("notifications") as progress:
        path, rows = export_notifications(
            database, customer, day.date(), Style(form), to, is_published=is_published, progress=progress
        )
    typer.echo(f"{rows} messages in {path}")
    typer.echo("Personal data: payload.")


@app.command()
def billing(
    day: ReportDate,
    form: FileFormat = Format.csv,
    layout: ReportLayout = Layout.table,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write the bill of a day, a line per customer and adjustment, with its total in a JSON file beside."""
    bill = export_billing(database, day.date(), Style(form), to, is_published=layout is Layout.published)
    typer.echo(f"{bill.rows} lines in {bill.path}: {bill.messages} messages, R$ {bill.amount}")
    if not bill.is_closed:
        typer.echo(
            f"{day:%Y-%m-%d} is not closed ({bill.state}): the file is provisional.",
            err=True,
        )


def _table(name: str) -> Callable[..., None]:
    """Return the command that writes a mart as it is."""

    def table(
        where: Annotated[
            list[str] | None, typer.Option(metavar="COLUMN=VALUE", help="Only these rows; may be repeated.")
        ] = None,
        layout: FileFormat = Format.csv,
        locale: FileLocale = LocaleName.en,
        delimiter: Delimiter = None,
        bom: Bom = False,
        database: Database = DATABASE,
        to: Exports = EXPORTS,
    ) -> None:
        chosen = {}
        for condition in where or []:
            column, sign, value = condition.partition("=")
            if not sign:
                raise typer.BadParameter(f"{condition!r} is not COLUMN=VALUE.", param_hint="--where")
            chosen[column] = value
        mart = read_mart(name)
        with percent_progress(name) as progress:
            path, rows = export_table(
                database, mart, chosen, Style(layout, locale, delimiter, bom), to, progress
            )
        typer.echo(f"{rows} rows in {path}")
        typer.echo(f"For: {mart.readers}." + (f" Personal data: {mart.pii}." if mart.pii else ""))

    return table


# Every mart that has no layout of its own.
for _name in mart_names():
    if _name not in ("movimento_flat", "quarentena"):
        app.command(_name, help=f"Write {_name} as it is, ordered by its key.")(_table(_name))
