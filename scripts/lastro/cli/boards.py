"""`lastro boards`: the boards of the last build as pages for people who would rather look than read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lastro import PROJECT
from lastro.boards import render_boards
from lastro.cli.options import DATABASE, Database

_PAGES = Path("target/boards")

To = Annotated[Path, typer.Option("--to", help="Folder to write the pages to.")]


def boards(database: Database = DATABASE, to: To = _PAGES) -> None:
    """Write every board as one page that opens from disk, and an index of them."""
    *pages, index = render_boards(database, PROJECT / "boards", to)
    typer.echo(f"{len(pages)} boards in {to}; open {index} in a browser.")
