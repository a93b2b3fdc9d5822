"""`lastro land`: land raw files as Parquet, for both engines."""

from __future__ import annotations

from typing import Annotated

import typer

from lastro.cli.options import LANDED, RAW, Landed, Raw, files_progress
from lastro.landing.land import land as land_files
from lastro.landing.land import landed_folder, store_at, unknown_columns


def land(
    to: Annotated[
        str,
        typer.Option(
            envvar="LASTRO_S3_LANDED",
            help="s3://bucket/prefix or a folder; default: the folder that dbt on DuckDB lands in.",
        ),
    ] = "",
    raw: Raw = RAW,
    landed: Landed = LANDED,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove landed files whose raw file is gone.")
    ] = False,
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="Continue without the files that cannot be trusted.")
    ] = False,
    read_all: Annotated[
        bool, typer.Option("--all", help="Also reread files with unchanged size and time.")
    ] = False,
) -> None:
    """Land new raw files as Parquet, every cell as text. Both engines build from these files."""
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
    for line in unknown_columns(landing.files):
        typer.echo(line, err=True)
    refused = sum(file.problem is not None for file in landing.files)
    typer.echo(
        f"{landing.landed} files landed in {address}, {landing.already_there} already there, "
        f"{landing.removed} removed" + (f", {refused} refused" if refused else "")
    )
