"""The `lastro` command."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import duckdb
import psycopg
import typer
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import (
    BarColumn,
    FileSizeColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from lastro.export import (
    FORMATS,
    LOCALES,
    export_averages,
    export_chatbot,
    export_movimento_flat,
)
from lastro.extract import extract as extract_tables
from lastro.landing.land import RefusedFiles, landed_folder, store_at
from lastro.landing.land import land as land_files
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
extract = typer.Typer(help="Copy the tables of a source system to dated raw files.", no_args_is_help=True)
app.add_typer(extract, name="extract")

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
    """Write raw files made by a seeded generator, with every defect Lastro handles."""
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
    )
    task = progress.add_task("files", total=3 * months + 12 + (3 if clean else 4))
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


@extract.callback()
def _extract() -> None:
    """Keeps `cooperativa` a command of its own while it is the only one."""


@extract.command()
def cooperativa(
    dsn: Annotated[
        str,
        typer.Option(
            envvar="LASTRO_COOPERATIVA_DSN",
            help="PostgreSQL URI or connection string; PG* variables fill it up.",
        ),
    ] = "",
    raw: Annotated[Path, typer.Option(envvar="LASTRO_RAW", help="Raw root to write to.")] = Path("data/raw"),
    day: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="Date of the extract; today's in UTC."),
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Movements from this time on, further back than the overlap.")
    ] = None,
    overlap_days: Annotated[
        int, typer.Option(min=0, help="Days taken again before the newest movement of the last extract.")
    ] = 3,
    mapping: Annotated[
        Path | None, typer.Option(help="TOML file that says what the source calls tables and columns.")
    ] = None,
) -> None:
    """Copy members, accounts, cards and movements from PostgreSQL, as one consistent extract."""
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
            files = extract_tables(dsn, raw, day and day.date(), since, overlap_days, mapping, show)
    except OSError as error:
        raise _refusal("extract cooperativa", f"{error}\nRun it again when that is mended.") from error
    except (ValueError, psycopg.Error) as error:
        raise _refusal("extract cooperativa", f"{error}".strip() + "\nNothing was written.") from error
    for path, rows in files:
        typer.echo(f"{rows} rows in {path}")


@app.command()
def land(
    to: Annotated[
        str,
        typer.Option(
            envvar="LASTRO_S3_LANDED",
            help="s3://bucket/prefix, or a folder; by default the one that dbt on DuckDB lands in itself.",
        ),
    ] = "",
    raw: Annotated[Path, typer.Option(envvar="LASTRO_RAW", help="Raw root to read.")] = Path("data/raw"),
    landed: Annotated[
        Path, typer.Option(envvar="LASTRO_LANDED", help="Folder of all roots that are landed here.")
    ] = Path("target/landed"),
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
    progress = Progress(
        TextColumn("reading"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=errors
    )
    task = progress.add_task("", total=None)
    try:
        with progress:
            landing = land_files(
                raw,
                store_at(address),
                allow_removed=prune,
                skip_refused=skip_refused,
                read_all=read_all,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except (RefusedFiles, OSError, ValueError, duckdb.Error, Boto3Error, BotoCoreError, ClientError) as error:
        raise _refusal("land", error) from error
    refused = [file for file in landing.files if file.problem]
    typer.echo(
        f"{landing.landed} files landed in {address}, {landing.already_there} were there, "
        f"{landing.removed} removed" + (f", {len(refused)} refused" if refused else "")
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


@export.command("movimento_flat")
def movimento_flat(
    layout: Annotated[str, typer.Option("--format", help="csv, parquet or xlsx.")] = "csv",
    delimiter: Annotated[str, typer.Option(help="One character between the cells of a CSV.")] = ";",
    database: Database = Path("target/lastro.duckdb"),
    to: Exports = Path("target/exports"),
) -> None:
    """Write the cooperative's movements, flat, with a checksum and the row count beside the file."""
    if layout not in FORMATS:
        raise typer.BadParameter(f"{layout!r} is not one of {', '.join(FORMATS)}.", param_hint="--format")
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise typer.BadParameter(
            f"{delimiter!r} is not one character that can part cells.", param_hint="--delimiter"
        )
    try:
        path, rows = export_movimento_flat(database, layout, delimiter, to)
    except (OSError, ValueError, duckdb.Error) as error:
        raise _refusal("export movimento_flat", error) from error
    typer.echo(f"{rows} rows in {path}")


def _refusal(command: str, error: Exception | str) -> typer.Exit:
    errors.print(f"lastro {command}: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(1)
