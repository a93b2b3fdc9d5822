"""`lastro sample`: write sample raw files, or send sample messages to a broker."""

from __future__ import annotations

import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from lastro.cli.errors import Commands, errors
from lastro.cli.options import files_progress
from lastro.sample.files import Sample
from lastro.sample.inbox import write_inbox
from lastro.sample.notifications import messages as sample_messages
from lastro.sample.notifications import produce
from lastro.sample.write import write_sample

app = typer.Typer(cls=Commands)


@app.callback(invoke_without_command=True)
def sample(
    ctx: typer.Context,
    to: Annotated[
        Path | None, typer.Option(help="Raw root to write to, for example data/raw.", show_default="required")
    ] = None,
    clients: Annotated[int, typer.Option(min=1, help="Number of clients.")] = 200,
    months: Annotated[int, typer.Option(min=1, help="Months with invoices.")] = 14,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="First month, as YYYY-MM.")] = datetime(
        2023, 1, 1
    ),
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    clean: Annotated[bool, typer.Option("--clean", help="Plain CSV without defects.")] = False,
    inbox: Annotated[
        bool, typer.Option("--inbox", help="Instead, files as they arrive at the gate: one of everything.")
    ] = False,
    steady: Annotated[
        bool, typer.Option("--steady", help="Every client has an invoice every month.")
    ] = False,
) -> None:
    """Write raw files from a seeded generator, with every defect that Lastro handles."""
    if ctx.invoked_subcommand:
        return
    if to is None:
        raise typer.BadParameter("missing; name the folder to write to.", param_hint="'--to'")
    if inbox:
        typer.echo(f"{len(write_inbox(to))} files under {to}")
        return
    chosen = Sample(clients, months, start.date(), seed, clean, steady)
    with files_progress() as progress:
        task = progress.add_task("files", total=None)
        paths = write_sample(to, chosen, lambda _: progress.advance(task))
    typer.echo(f"{len(paths)} files under {to}")


@app.command()
def notifications(
    broker: Annotated[str, typer.Option(metavar="HOST:PORT", help="The broker.")],
    topic: Annotated[str, typer.Option(help="The topic, which must exist.")] = "notifications",
    rate: Annotated[float, typer.Option(min=0.001, help="Messages per second.")] = 1200,
    messages: Annotated[
        int | None, typer.Option(min=1, help="How many; until SIGINT or SIGTERM if not given.")
    ] = None,
    customers: Annotated[int, typer.Option(min=1, help="Number of customers.")] = 50,
    seed: Annotated[int, typer.Option(help="The same seed and start give the same messages.")] = 7,
    copies: Annotated[float, typer.Option(min=0, max=1, help="Share that is sent twice.")] = 0.001,
    broken: Annotated[float, typer.Option(min=0, max=1, help="Share that does not parse.")] = 0.0001,
    start: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"], help="First event time, in UTC; now if not given."
        ),
    ] = None,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="As fast as possible; only event times follow the rate.")
    ] = False,
) -> None:
    """Send test messages to a topic: copies, broken ones, a customer that is renamed, two of one name."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stop.set())
    source = sample_messages(
        messages,
        rate=rate,
        customers=customers,
        seed=seed,
        copies=copies,
        broken=broken,
        start=start.replace(tzinfo=UTC) if start else None,
    )
    with files_progress() as progress:
        task = progress.add_task("messages", total=messages, visible=errors.is_terminal)
        count = produce(
            source,
            broker,
            topic,
            rate=None if at_once else rate,
            stop=stop,
            sent=lambda count: progress.update(task, completed=count),
        )
    typer.echo(f"{count} messages to {topic} at {broker}")
