"""`lastro format`: the formats of clients, proposed from a file, checked, saved and shown."""

from __future__ import annotations

import tempfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from lastro.cli.errors import Commands, ExitCode, errors
from lastro.cli.options import RAW_ROOT, RawRoot
from lastro.contract import RawTable, read_contract
from lastro.receive import suggest as proposals
from lastro.receive.formats import FOLDER, FORMATS_FILE, read_formats
from lastro.receive.gate import Gate
from lastro.receive.places import Places
from lastro.receive.refusal import Refused
from lastro.receive.suggest import check as checks
from lastro.receive.suggest import proposal as seeds

app = typer.Typer(
    cls=Commands, help="Propose, check, save and show the formats of clients.", no_args_is_help=True
)
File = Annotated[Path, typer.Argument(metavar="FILE", help="A file as the client sends it.")]
Client = Annotated[
    str, typer.Option("--client", metavar="NAME", help="The client, as its folder in the inbox is named.")
]
OneTable = Annotated[
    str, typer.Option("--table", metavar="SOURCE.TABLE", help="The raw table that the rows belong to.")
]
Formats = Annotated[
    Path,
    typer.Option(
        "--formats", envvar="LASTRO_FORMATS", help="Folder of formatos.csv and formato_colunas.csv."
    ),
]
DIVIDAS = "cobranca.dividas"


@app.command()
def suggest(
    file: File,
    client: Client,
    table: OneTable = DIVIDAS,
    files: Annotated[
        str | None,
        typer.Option(
            metavar="PATTERN", help="Names of files in this format. Default: all that end like FILE."
        ),
    ] = None,
) -> None:
    """Propose a format for a client's file, as YAML to correct and save.

    It reads the first 100 columns and rows, and compares their names and values with the declared columns.
    Of the file it repeats the header only, no other cell; what a person should know is on standard error.
    """
    found = _table(table)
    _refuse_bad_client(client)
    _refuse_missing(file)
    try:
        text, remarks = proposals.suggest(file, found, client, files)
    except Refused as refused:
        raise _exit(file, refused) from None
    typer.echo(text, nl=False)
    _remark(*remarks)


@app.command()
def check(
    file: File,
    client: Client,
    format_: Annotated[
        Path | None,
        typer.Option("--format", metavar="PROPOSAL", help="Judge by this YAML instead of the saved formats."),
    ] = None,
    table: OneTable = DIVIDAS,
    formats: Formats = FOLDER,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Judge a file as the gate would, and show its first rows as they would land. Exits with 1 if refused.

    Nothing is kept. Documents and other texts about people are masked.
    """
    _refuse_bad_client(client)
    _refuse_missing(file)
    if format_ is None:
        found, agreed = _table(table), read_formats(formats)
    else:
        proposal = seeds.read_proposal(format_)
        _refuse_other(proposal, client, file, format_)
        found = _table(".".join(proposal.key[1:]))
        with seeds.added(proposal, formats, str(format_)) as (folder, _):
            agreed = read_formats(folder)
    with tempfile.TemporaryDirectory(prefix="lastro_format_") as folder:
        places = [str(Path(folder) / name) for name in ("inbox", "received", "quarantine")]
        try:
            results = checks.check(Gate(Places.at(*places, raw), formats=agreed), file, found, client)
        except Refused as refused:
            raise _exit(file, refused) from None
    for result in results:
        _show(file, result)


def _show(file: Path, result: checks.Checked) -> None:
    accepted = result.accepted
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in result.columns:
        table.add_column(name, overflow="fold", no_wrap=True)
    for row in result.first_rows:
        table.add_row(*row)
    _print(table)
    by = (
        f"version {accepted.version} of the format" if accepted.version else "no format: the standard columns"
    )
    typer.echo(f"{file.name}: would be accepted as {accepted.kind} by {by}: {accepted.rows} rows.")
    for warning in accepted.warnings:
        typer.echo(f"  warning: {warning}")
    for code, count in result.problems.items():
        typer.echo(f"  {count} of the rows are lines that cannot be split, and will be rejected: {code}")
    if accepted.ignored:
        typer.echo(f"  {accepted.ignored} lines are ignored, as the format says.")


@app.command()
def save(
    proposal: Annotated[Path, typer.Argument(metavar="PROPOSAL", help="A format as YAML.")],
    formats: Formats = FOLDER,
) -> None:
    """Save a format as the next version of its client and table.

    From the next file on, the gate judges by it. Saving the newest version again changes nothing.
    """
    _refuse_missing(proposal)
    found = seeds.read_proposal(proposal)
    _refuse_bad_client(found.key[0])
    client, name = found.key[0], ".".join(found.key[1:])
    version = seeds.save(found, formats, str(proposal))
    if version is None:
        newest = seeds.newest_version(formats, *found.key)
        typer.echo(f"{client}, {name}: version {newest} says the same already. Nothing is written.")
    else:
        typer.echo(f"{client}, {name}: saved as version {version} in {formats}.")


@app.command("list")
def list_formats(
    client: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only the formats of this client.")
    ] = None,
    formats: Formats = FOLDER,
) -> None:
    """List the saved formats and their versions."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("client", "table", "version", "files", "container", "columns"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("version", "columns") else "left")
    rows = [row for row in seeds.rows_of(formats / FORMATS_FILE) if client in (None, row["id_cliente"])]
    for row in sorted(rows, key=lambda row: (*seeds.key_of(row), int(row["versao"]))):
        found = seeds.stored(formats, *seeds.key_of(row), row["versao"])
        name = f"{row['source_name']}.{row['table_name']}"
        said = (row["versao"], row["arquivos"], row["conteiner"], str(len(found.columns)))
        table.add_row(row["id_cliente"], name, *said)
    _print(table)
    typer.echo(f"{len(rows)} formats.")


@app.command()
def show(
    client: Annotated[str, typer.Argument(metavar="NAME", help="The client.")],
    table: OneTable = DIVIDAS,
    version: Annotated[int | None, typer.Option(min=1, help="The version. Default: the newest.")] = None,
    formats: Formats = FOLDER,
) -> None:
    """Show a saved format as YAML, which may be changed and saved as the next version."""
    found = _table(table)
    wanted = str(version) if version else seeds.newest_version(formats, client, found.source, found.name)
    if wanted is None:
        raise ValueError(f"{client} has no format for {table}. Make one: lastro format suggest.")
    stored = seeds.stored(formats, client, found.source, found.name, wanted)
    typer.echo(seeds.shown(stored, f"Version {wanted} of {client} for {table}."), nl=False)


def _table(name: str) -> RawTable:
    tables = {f"{table.source}.{table.name}": table for table in read_contract()}
    if name not in tables:
        received = sorted(each for each, table in tables.items() if table.inbox)
        raise ValueError(f"there is no raw table {name!r}. Name one of {', '.join(received)}.")
    return tables[name]


def _refuse_missing(file: Path) -> None:
    if not file.is_file():
        raise ValueError(f"{file}: no such file.")


def _refuse_bad_client(client: str) -> None:
    if (
        not client.strip()
        or client.startswith(".")
        or not client.isprintable()
        or set(client) & set("/\\{}*")
    ):
        raise ValueError(
            f"{client!r} cannot be the folder of a client. Give the name of its folder, such as acme."
        )


def _refuse_other(proposal: seeds.Proposal, client: str, file: Path, said: Path) -> None:
    """Refuse a format that the gate would not take for this file: the answer would be about another one."""
    if proposal.key[0] != client:
        raise ValueError(
            f"{said}: id_cliente is {proposal.key[0]}, but --client is {client}. Make them the same."
        )
    pattern = proposal.settings["arquivos"]
    if not fnmatch(file.name.lower(), pattern.lower()):
        raise ValueError(f"{said}: arquivos is {pattern}, which {file.name} does not match. Correct it.")


def _exit(file: Path, refused: Refused) -> typer.Exit:
    errors.print(
        f"{file}: {refused.code}: {refused}", style="red", markup=False, highlight=False, soft_wrap=True
    )
    return typer.Exit(ExitCode.REFUSED)


def _remark(*remarks: str) -> None:
    for remark in remarks:
        errors.print(remark, markup=False, highlight=False, soft_wrap=True)


def _print(table: Table) -> None:
    """Print a table as wide as it is: a terminal scrolls, and a cut cell says nothing."""
    console = Console()
    natural = console.measure(table, options=console.options.update(max_width=500)).maximum
    Console(width=max(natural, console.width)).print(table)
