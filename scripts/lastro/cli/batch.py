"""`lastro batch`: what became of the files that came, and what may still be done about them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from lastro.cli.errors import Commands
from lastro.cli.options import (
    DATABASE,
    INBOX,
    QUARANTINE,
    RAW_ROOT,
    RECEIVED,
    Database,
    Inbox,
    Quarantine,
    RawRoot,
    Received,
)
from lastro.receive import manage
from lastro.receive.gate import Gate
from lastro.receive.places import Places
from lastro.receive.tell import tell_senders

app = typer.Typer(
    cls=Commands, help="List, explain, cancel and retry the batches of the gate.", no_args_is_help=True
)
BatchId = Annotated[str, typer.Argument(metavar="ID", help="The batch, such as cartoes-20240205-0001.")]


@app.command("list")
def list_batches(
    limit: Annotated[int, typer.Option(min=1, help="Show at most this many, the newest.")] = 50,
    sender: Annotated[str | None, typer.Option(help="Only the batches of this sender.")] = None,
    status: Annotated[str | None, typer.Option(help="Only batches in this status.")] = None,
    database: Database = DATABASE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """List the newest batches: status, file, rows, and why one was refused."""
    console = Console()
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("batch", "status", "file", "rows", "reason"):
        table.add_column(
            name, justify="right" if name == "rows" else "left", overflow="fold", no_wrap=name != "reason"
        )
    batches = manage.newest_batches(raw, manage.read_judged(database), limit, sender, status)
    for batch in batches:
        rows = "" if batch.rows is None else f"{batch.rows:,}"
        table.add_row(batch.id_lote, batch.status, batch.name, rows, batch.reason or "")
    natural = console.measure(table, options=console.options.update(max_width=500)).maximum
    Console(width=max(natural, console.width)).print(table)
    typer.echo(f"{len(batches)} batches.")


@app.command()
def status(id_lote: BatchId, database: Database = DATABASE, raw: RawRoot = RAW_ROOT) -> None:
    """Show a batch: its status and each of its events."""
    batch = manage.find_batch(raw, manage.read_judged(database), id_lote)
    typer.echo(f"{batch.id_lote} {batch.status} {batch.name}")
    for event in batch.events:
        said = ", ".join(f"{key}={value}" for key, value in event.dados.items())
        typer.echo(f"  {event.ocorrido_em} {event.evento}" + (f": {said}" if said else ""))


@app.command()
def cancel(
    id_lote: BatchId,
    reason: Annotated[str, typer.Option(help="Why; its sender is told.")] = "cancelled by the operator",
    database: Database = DATABASE,
    inbox: Inbox = INBOX,
    received: Received = RECEIVED,
    quarantine: Quarantine = QUARANTINE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Cancel a batch that is not done, also before its file has come."""
    gate = Gate(Places.at(inbox, received, quarantine, raw))
    typer.echo(manage.cancel(gate.batches, manage.read_judged(database), id_lote, reason))
    _tell(gate)


@app.command()
def retry(
    id_lote: BatchId,
    inbox: Inbox = INBOX,
    received: Received = RECEIVED,
    quarantine: Quarantine = QUARANTINE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Judge a refused batch again, for example after a format was corrected. Exits with 1 if refused."""
    gate = Gate(Places.at(inbox, received, quarantine, raw))
    outcome = gate.retry(id_lote)
    typer.echo(f"{id_lote} {outcome.status}" + (f": {outcome.message}" if outcome.message else ""))
    _tell(gate)
    if outcome.status == "recusado":
        raise typer.Exit(1)


@app.command()
def why(
    id_lote: BatchId,
    line: Annotated[
        int | None, typer.Option(min=1, help="A line or row of the file as it was received.")
    ] = None,
    locale: Annotated[str, typer.Option(help="en or pt_BR.")] = "en",
    database: Database = DATABASE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Explain why a batch, or one line of it, was refused, and under which version of the rules."""
    for text in manage.explain(raw, database, id_lote, line, locale):
        typer.echo(text)


@app.command()
def expire(
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day to judge by; default: today in UTC."),
    ] = None,
    inbox: Inbox = INBOX,
    received: Received = RECEIVED,
    quarantine: Quarantine = QUARANTINE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Delete received files that were kept for as long as their source says, each with an event before."""
    gate = Gate(Places.at(inbox, received, quarantine, raw))
    day = as_of.date() if as_of else datetime.now(UTC).date()
    expired = manage.expire(gate, day)
    for id_lote in expired:
        typer.echo(f"{id_lote} expired")
    typer.echo(f"{len(expired)} received files deleted.")


def _tell(gate: Gate) -> None:
    for failure in tell_senders(gate.batches, gate.inbox.tables):
        typer.echo(failure, err=True)
