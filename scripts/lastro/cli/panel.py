"""`lastro panel`: the panel of notifications on the terminal."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from lastro.cli.errors import errors
from lastro.cli.options import DATABASE, Database
from lastro.database import InUseError
from lastro.panel import read_panel

# How long to wait for a build that is writing to the database before looking again.
_PATIENCE_SECONDS = 1.0


def panel(
    once: Annotated[bool, typer.Option("--once", help="Print it and exit.")] = False,
    customer: Annotated[str | None, typer.Option(metavar="ID", help="Only this customer.")] = None,
    every: Annotated[float, typer.Option(min=1, help="Seconds from one look at the build to the next.")] = 60,
    database: Database = DATABASE,
) -> None:
    """Show how many notifications each customer had on the last day of the build, until Ctrl-C."""
    text = _wait_for_panel(database, customer)
    if once:
        typer.echo(text, nl=False)
        return
    console = Console()
    try:
        if not console.is_terminal:
            while True:
                typer.echo(text)
                time.sleep(every)
                text = _wait_for_panel(database, customer)
        with Live(Text(text), console=console, auto_refresh=False) as live:
            while True:
                time.sleep(every)
                live.update(Text(_wait_for_panel(database, customer)), refresh=True)
    except KeyboardInterrupt:
        return


def _wait_for_panel(database: Path, customer: str | None) -> str:
    """Return the panel, after the build that is writing to the database, if any."""
    has_said = False
    while True:
        try:
            return read_panel(database, customer)
        except InUseError:
            if not has_said and not errors.is_terminal:
                typer.echo("A build is running. Waiting for it.", err=True)
            has_said = True
            time.sleep(_PATIENCE_SECONDS)
