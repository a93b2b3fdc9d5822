"""The `lastro` command."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lastro.export import FORMATS, LOCALES, export_averages, export_chatbot
from lastro.land import land as land_files
from lastro.sample import write_sample
from lastro.summary import print_summary

app = typer.Typer(
    help="What stands around the Lastro dbt project.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True)
export = typer.Typer(
    help="Write what the last build made as files for people and systems.", no_args_is_help=True
)
app.add_typer(export, name="export")

Database = Annotated[Path, typer.Option(envvar="LASTRO_DB", help="The DuckDB file that dbt built.")]
Exports = Annotated[Path, typer.Option("--to", envvar="LASTRO_EXPORTS", help="Folder of the written files.")]


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="Raw root to write to, for example data/raw.")],
    clients: Annotated[int, typer.Option(min=1, help="Number of clients.")] = 200,
    months: Annotated[int, typer.Option(min=1, help="Months with invoices.")] = 14,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="First month, as YYYY-MM.")] = datetime(
        2023, 1, 1
    ),
    seed: Annotated[int, typer.Option(help="Equal seeds give equal files.")] = 1,
    clean: Annotated[bool, typer.Option("--clean", help="Plain CSV without any defect.")] = False,
    steady: Annotated[
        bool, typer.Option("--steady", help="Every client has an invoice every month.")
    ] = False,
) -> None:
    """Write monthly raw files made by a seeded generator, with every defect Lastro handles."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
    )
    task = progress.add_task("files", total=3 * months + (3 if clean else 4))
    try:
        with progress:
            paths = write_sample(
                out,
                clients,
                months,
                start.date(),
                seed,
                clean,
                steady,
                lambda _: progress.advance(task),
            )
    except OSError as error:
        raise _refusal("sample", error) from error
    typer.echo(f"{len(paths)} files below {out}")


@app.command()
def land(
    to: Annotated[str, typer.Option(envvar="LASTRO_S3_LANDED", help="A folder, or s3://bucket/prefix.")],
    raw: Annotated[Path, typer.Option(envvar="LASTRO_RAW", help="Raw root to read.")] = Path("data/raw"),
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove what was landed from raw files that are gone.")
    ] = False,
) -> None:
    """Write the raw files as Parquet, every cell as text: what Athena reads."""
    try:
        with errors.status(f"reading {raw}"):
            landing = land_files(raw, to, prune)
    except (OSError, ValueError, duckdb.Error, Boto3Error, BotoCoreError, ClientError) as error:
        raise _refusal("land", error) from error
    typer.echo(
        f"{landing.landed} files landed in {to}, "
        f"{landing.already_there} were there, {landing.removed} removed"
    )


@app.command()
def summary(
    database: Database = Path("target/lastro.duckdb"),
) -> None:
    """Show what the last build made: the reconciliation and a few rows of each mart."""
    try:
        print_summary(database, Console())
    except (OSError, RuntimeError) as error:
        raise _refusal("summary", error) from error


@export.command()
def averages(
    reference_month: Annotated[
        datetime, typer.Option(formats=["%Y-%m"], help="The month before which the averages lie, as YYYY-MM.")
    ],
    locale: Annotated[
        str, typer.Option(help="en: 41416.66 and empty; pt_BR: 41.416,66 and null, cells cut by semicolons.")
    ] = "en",
    database: Database = Path("target/lastro.duckdb"),
    to: Exports = Path("target/exports"),
) -> None:
    """Write the 3 and 6 month averages of every account for one reference month, as CSV."""
    if locale not in LOCALES:
        raise typer.BadParameter(f"{locale!r} is not one of {', '.join(LOCALES)}.", param_hint="--locale")
    try:
        path, rows = export_averages(database, reference_month.date(), locale, to)
    except (OSError, ValueError, duckdb.Error) as error:
        raise _refusal("export averages", error) from error
    typer.echo(f"{rows} rows in {path}")


@export.command()
def chatbot(
    flow: Annotated[
        str | None, typer.Option(help="Only this flow, as the events name it; every flow if not said.")
    ] = None,
    layout: Annotated[str, typer.Option("--format", help="csv, parquet or xlsx.")] = "csv",
    database: Database = Path("target/lastro.duckdb"),
    to: Exports = Path("target/exports"),
) -> None:
    """Write one report a flow: a row per session, the answers in the order in which the flow asks."""
    if layout not in FORMATS:
        raise typer.BadParameter(f"{layout!r} is not one of {', '.join(FORMATS)}.", param_hint="--format")
    try:
        files = export_chatbot(database, flow, layout, to)
    except (OSError, ValueError, duckdb.Error) as error:
        raise _refusal("export chatbot", error) from error
    for path, rows in files:
        typer.echo(f"{rows} rows in {path}")


def _refusal(command: str, error: Exception) -> typer.Exit:
    errors.print(f"lastro {command}: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(1)
