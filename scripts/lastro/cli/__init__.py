"""The `lastro` command, one module per group of commands."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from lastro.cli import (
    batch,
    boards,
    client,
    close_billing,
    consume,
    doctor,
    expect,
    export,
    extract,
    format,
    land,
    panel,
    publish,
    query,
    receive,
    sample,
    serve,
    settle,
    summary,
)
from lastro.cli.errors import Commands

app = typer.Typer(
    cls=Commands,
    help="Land, extract, export and inspect data around the Lastro dbt project.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"lastro {version('lastro')}")
        raise typer.Exit


@app.callback()
def _lastro(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Define the options of `lastro` itself."""


for module in (receive, expect, land, settle, publish, serve, summary, query, boards, doctor, panel):
    app.command()(getattr(module, module.__name__.rpartition(".")[2]))
app.command("close-billing")(close_billing.close_billing)
app.add_typer(batch.app, name="batch")
app.add_typer(client.app, name="client")
app.add_typer(consume.app, name="consume")
app.add_typer(extract.app, name="extract")
app.add_typer(export.app, name="export")
app.add_typer(format.app, name="format")
app.add_typer(sample.app, name="sample")
