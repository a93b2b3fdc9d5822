"""`lastro export`: what the last build made, as files for people and systems."""

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
    help="Write what the last build made as files for people and systems.",
    no_args_is_help=True,
)
LocaleName = StrEnum("LocaleName", {name: name for name in LOCALES})
FileFormat = Annotated[Format, typer.Option("--format", help="Format of the file.")]


@app.command()
def averages(
    reference_month: Annotated[
        datetime, typer.Option(formats=["%Y-%m"], help="The month before which the averages lie, as YYYY-MM.")
    ],
    locale: Annotated[
        LocaleName,
        typer.Option(help="en: 41416.66 and empty; pt_BR: 41.416,66 and null, cells cut by semicolons."),
    ] = LocaleName.en,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write the 3 and 6 month averages of every account for one reference month, as CSV."""
    path, rows = export_averages(database, reference_month.date(), locale, to)
    typer.echo(f"{rows} rows in {path}")


@app.command()
def chatbot(
    flow: Annotated[
        str | None, typer.Option(help="Only this flow, as the events name it; every flow if not said.")
    ] = None,
    layout: FileFormat = Format.csv,
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write one report a flow: a row per session, the answers in the order in which the flow asks."""
    for path, rows in export_chatbot(database, flow, layout, to):
        typer.echo(f"{rows} rows in {path}")


@app.command("movimento_flat")
def movimento_flat(
    layout: FileFormat = Format.csv,
    delimiter: Annotated[str, typer.Option(help="One character between the cells of a CSV.")] = ";",
    database: Database = DATABASE,
    to: Exports = EXPORTS,
) -> None:
    """Write the cooperative's movements, flat, with a checksum and the row count beside the file."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise typer.BadParameter(
            f"{delimiter!r} is not one character that can part cells.", param_hint="--delimiter"
        )
    path, rows = export_movimento_flat(database, layout, delimiter, to)
    typer.echo(f"{rows} rows in {path}")
