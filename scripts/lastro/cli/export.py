"""`lastro export`: the tables of the last build as files for people and systems."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import typer

from lastro.cli.errors import Commands
from lastro.cli.options import DATABASE, EXPORTS, Database, Exports
from lastro.export.averages import export_averages
from lastro.export.chatbot import export_chatbot
from lastro.export.files import LOCALES, Format
from lastro.export.movimento_flat import export_movimento_flat

app = typer.Typer(
    cls=Commands,
    help="Write tables of the last build as files for people and systems.",
    no_args_is_help=True,
)
LocaleName = StrEnum("LocaleName", {name: name for name in LOCALES})
FileFormat = Annotated[Format, typer.Option("--format", help="File format.")]


@app.command()
def averages(
    reference_month: Annotated[
        datetime, typer.Option(formats=["%Y-%m"], help="Average the months before this one, YYYY-MM.")
    ],
    locale: Annotated[
        LocaleName,
        typer.Option(help="en: 41416.66 and empty; pt_BR: 41.416,66 and null, delimited by semicolons."),
    ] = LocaleName.en,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write the 3-month and 6-month averages of every account for one reference month as CSV."""
    path, rows = export_averages(database, reference_month.date(), locale, to)
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
    for path, rows in export_chatbot(database, flow, layout, to):
        typer.echo(f"{rows} rows in {path}")


@app.command("movimento_flat")
def movimento_flat(
    layout: FileFormat = Format.csv,
    delimiter: Annotated[str, typer.Option(help="One character that delimits the cells of a CSV.")] = ";",
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write the cooperative's movements as one flat file, with a checksum and row count beside it."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise typer.BadParameter(
            f"{delimiter!r} is not one character that can delimit cells.", param_hint="--delimiter"
        )
    path, rows = export_movimento_flat(database, layout, delimiter, to)
    typer.echo(f"{rows} rows in {path}")
