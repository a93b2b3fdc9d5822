"""`lastro land`."""

from __future__ import annotations

from typing import Annotated

import typer

from lastro.cli.options import LANDED, RAW, Landed, Raw, files_progress
from lastro.landing.land import land as land_files
from lastro.landing.land import landed_folder, store_at


def land(
    to: Annotated[
        str,
        typer.Option(
            envvar="LASTRO_S3_LANDED",
            help="s3://bucket/prefix, or a folder; by default the one that dbt on DuckDB lands in itself.",
        ),
    ] = "",
    raw: Raw = RAW,
    landed: Landed = LANDED,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what was landed from raw files that are gone.")
    ] = False,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="Go on without the files that cannot be trusted.")
    ] = False,
    read_all: Annotated[
        bool, typer.Option("--all", help="Read again what has the size and time that it had.")
    ] = False,
) -> None:
    """Read the raw files that are new into Parquet, every cell as text: what both engines build from."""
    address = to or str(landed_folder(raw, landed))
    with files_progress() as progress:
        task = progress.add_task("reading", total=None)
        landing = land_files(
            raw,
            store_at(address),
            allow_removed=prune,
            skip_refused=skip_refused,
            read_all=read_all,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    refused = sum(file.problem is not None for file in landing.files)
    typer.echo(
        f"{landing.landed} files landed in {address}, {landing.already_there} were there, "
        f"{landing.removed} removed" + (f", {refused} refused" if refused else "")
    )
