"""`lastro extract`: one command per source system."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.progress import (
    FileSizeColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from lastro.cli.errors import Commands, errors
from lastro.cli.options import RAW, Raw
from lastro.extract.cooperativa import extract

app = typer.Typer(
    cls=Commands, help="Copy a source system's tables to dated raw files.", no_args_is_help=True
)


@app.callback()
def _extract() -> None:
    """Keep `cooperativa` a subcommand while it is the only one."""


@app.command()
def cooperativa(
    dsn: Annotated[
        str,
        typer.Option(
            envvar="LASTRO_COOPERATIVA_DSN",
            help="PostgreSQL URI or connection string; PG* variables fill in the rest.",
        ),
    ] = "",
    raw: Raw = RAW,
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Date of the extract; default: today in UTC."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Take movements from this time on, further back than the overlap.")
    ] = None,
    overlap_days: Annotated[
        int, typer.Option(min=0, help="Days to take again before the last extract's newest movement.")
    ] = 3,
    mapping: Annotated[
        Path | None, typer.Option(help="TOML file with the source's names of tables and columns.")
    ] = None,
) -> None:
    """Copy members, accounts, cards and movements from PostgreSQL as one consistent extract."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        FileSizeColumn(),
        TransferSpeedColumn(),
        TimeElapsedColumn(),
        console=errors,
    )
    tasks = {}

    def show(table: str, size: int) -> None:
        if table not in tasks:
            tasks[table] = progress.add_task(table, total=None)
        progress.update(tasks[table], completed=size)

    try:
        with progress:
            files = extract(dsn, raw, day and day.date(), since, overlap_days, mapping, show)
    except (ValueError, psycopg.Error):
        errors.print("Nothing was written.")
        raise
    for path, rows in files:
        typer.echo(f"{rows} rows in {path}")
