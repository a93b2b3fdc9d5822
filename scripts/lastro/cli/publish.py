"""`lastro publish`: what the front door shows, after a build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lastro import publish as publishing
from lastro.cli.options import DATABASE, PUBLISHED, Database


def publish(
    database: Database = DATABASE,
    to: Annotated[
        Path, typer.Option("--to", envvar="LASTRO_PUBLISHED", help="Folder to publish to.")
    ] = PUBLISHED,
) -> None:
    """Publish what clients may see of the last build, and the rules by which rows are judged.

    The front door reads it while other builds run. Publishing the same build again changes nothing.
    """
    name, is_new = publishing.publish(database, to)
    typer.echo(f"Build {name} is published in {to}." if is_new else f"Build {name} was published already.")
