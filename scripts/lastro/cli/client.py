"""`lastro client`: the keys by which clients send debts over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from lastro.cli.errors import Commands
from lastro.cli.options import CLIENTS, ClientKeys
from lastro.serve.clients import Clients

app = typer.Typer(cls=Commands, help="Give, renew and end the keys of clients.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The client, as its folder in the inbox is named.")]


@app.command()
def add(name: Name, clients: ClientKeys = CLIENTS) -> None:
    """Add a client and print its key, which is shown only this once."""
    typer.echo(Clients(clients).add(name))
    typer.echo("Give this key to the client by a safe way. It is not kept: only its hash is.", err=True)


@app.command()
def rotate(
    name: Name,
    grace_hours: Annotated[
        float, typer.Option(min=0, max=24 * 90, help="How long the keys before it are valid.")
    ] = 24,
    clients: ClientKeys = CLIENTS,
) -> None:
    """Print a new key of a client; the keys before it end after some hours."""
    typer.echo(Clients(clients).rotate(name, timedelta(hours=grace_hours)))
    typer.echo(f"The keys before it end in {grace_hours:g} hours.", err=True)


@app.command()
def revoke(name: Name, clients: ClientKeys = CLIENTS) -> None:
    """End all keys of a client at once, and its sessions on the page. `rotate` gives a new one."""
    count = Clients(clients).revoke(name)
    typer.echo(f"{name}: {count} keys ended.")


@app.command("list")
def list_clients(clients: ClientKeys = CLIENTS) -> None:
    """List the clients and their valid keys."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("client", "key of", "valid until"):
        table.add_column(column, no_wrap=True)
    found = Clients(clients).all()
    for client in found:
        for made, ends in client.keys or [("", "no valid key")]:
            table.add_row(client.name, made[:16], ends[:16] if ends else "it is revoked")
    Console().print(table)
    typer.echo(f"{len(found)} clients.")
