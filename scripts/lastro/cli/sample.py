"""`lastro sample`: write sample raw files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from lastro.cli.options import files_progress
from lastro.sample.files import Sample
from lastro.sample.inbox import write_inbox
from lastro.sample.write import write_sample


def sample(
    to: Annotated[Path, typer.Option(help="Raw root to write to, for example data/raw.")],
    clients: Annotated[int, typer.Option(min=1, help="Number of clients.")] = 200,
    months: Annotated[int, typer.Option(min=1, help="Months with invoices.")] = 14,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="First month, as YYYY-MM.")] = datetime(
        2023, 1, 1
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    clean: Annotated[bool, typer.Option("--clean", help="Plain CSV without defects.")] = False,
    inbox: Annotated[
        bool, typer.Option("--inbox", help="Instead, files as they arrive at the gate: one of everything.")
    ] = False,
    steady: Annotated[
        bool, typer.Option("--steady", help="Every client has an invoice every month.")
    ] = False,
) -> None:
    """Write raw files from a seeded generator, with every defect that Lastro handles."""
    if inbox:
        typer.echo(f"{len(write_inbox(to))} files under {to}")
        return
    chosen = Sample(clients, months, start.date(), seed, clean, steady)
    with files_progress() as progress:
        task = progress.add_task("files", total=None)
        paths = write_sample(to, chosen, lambda _: progress.advance(task))
    typer.echo(f"{len(paths)} files under {to}")
