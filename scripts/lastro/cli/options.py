"""Options and progress bars that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from lastro.cli.errors import errors

Database = Annotated[Path, typer.Option(envvar="LASTRO_DB", help="The DuckDB file that dbt built.")]
Raw = Annotated[Path, typer.Option(envvar="LASTRO_RAW", help="Raw root.")]
Landed = Annotated[Path, typer.Option(envvar="LASTRO_LANDED", help="Folder that holds all landed roots.")]
Exports = Annotated[Path, typer.Option("--to", envvar="LASTRO_EXPORTS", help="Folder to write to.")]

Inbox = Annotated[
    str, typer.Option(envvar="LASTRO_INBOX", help="Where files arrive: a folder or s3://bucket/prefix.")
]
Received = Annotated[
    str, typer.Option(envvar="LASTRO_RECEIVED", help="Where they are kept as they came: a folder or s3://…")
]
Quarantine = Annotated[
    str, typer.Option(envvar="LASTRO_QUARANTINE", help="Where refused files are put: a folder or s3://…")
]
RawRoot = Annotated[
    str, typer.Option("--raw", envvar="LASTRO_RAW", help="Raw root: a folder or s3://bucket/prefix.")
]
Drafts = Annotated[
    Path, typer.Option(envvar="LASTRO_DRAFTS", help="Folder of open batches, of one server only.")
]
ClientKeys = Annotated[
    Path, typer.Option("--clients", envvar="LASTRO_CLIENTS", help="Folder of the keys of clients.")
]
Publications = Annotated[
    Path, typer.Option("--published", envvar="LASTRO_PUBLISHED", help="What `lastro publish` wrote.")
]

DATABASE = Path("target/lastro.duckdb")
RAW = Path("data/raw")
RAW_ROOT = "data/raw"
INBOX = "data/inbox"
RECEIVED = "data/received"
QUARANTINE = "data/quarantine"
DRAFTS = Path("data/drafts")
CLIENTS = Path("data/clients")
PUBLISHED = Path("data/published")
LANDED = Path("target/landed")
EXPORTS = Path("target/exports")


def files_progress() -> Progress:
    """Return a progress bar that counts files, on standard error."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
    )


@contextmanager
def percent_progress(what: str) -> Iterator[Callable[[float], None]]:
    """Show a bar on standard error, and yield what sets its percentage."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(what, total=100)
        yield lambda percent: progress.update(task, completed=percent)
