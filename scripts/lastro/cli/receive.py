"""`lastro receive`: one pass of the gate over the inbox, or one after another."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from lastro.cli.errors import ExitCode, errors
from lastro.cli.options import INBOX, QUARANTINE, RAW_ROOT, RECEIVED, Inbox, Quarantine, RawRoot, Received
from lastro.receive.gate import Gate, Outcome
from lastro.receive.places import Places, outages
from lastro.receive.refusal import Refused
from lastro.receive.tell import tell_senders


def receive(
    dry_run: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Judge this file and keep nothing. Exits with 1 if refused."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--as", help="The name under the inbox that --dry-run gives the file, such as cartoes/x.csv."
        ),
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch", help="Go on until SIGINT or SIGTERM; ends after the current files, with exit code 0."
        ),
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Files received at once.")] = 2,
    settle_seconds: Annotated[
        float, typer.Option(min=0, help="How long a file in a folder must not change to be complete.")
    ] = 5,
    lease_seconds: Annotated[
        float, typer.Option(min=1, help="After how long in silence a gate counts as dead; the same for all.")
    ] = 300,
    inbox: Inbox = INBOX,
    received: Received = RECEIVED,
    quarantine: Quarantine = QUARANTINE,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Receive the files of the inbox: keep each, judge it, publish it for dbt or refuse it with a reason."""
    gate = Gate(Places.at(inbox, received, quarantine, raw), lease_seconds=lease_seconds)
    if dry_run:
        _judge(gate, dry_run, name or _under(inbox, dry_run))
        return
    if not watch:
        outcomes = _pass(gate, jobs, settle_seconds)
        if any(outcome.status == "recusado" for outcome in outcomes):
            raise typer.Exit(ExitCode.REFUSED)
        return
    stop = threading.Event()

    def end_soon(number: int, _frame: object) -> None:
        stop.set()
        # Who asks twice does not want to wait for the current files; the next gate goes on with them.
        signal.signal(number, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_soon)
    while not stop.is_set():
        _pass(gate, jobs, settle_seconds, stop)
        stop.wait(max(settle_seconds, 1))


def _pass(gate: Gate, jobs: int, settle_seconds: float, stop: threading.Event | None = None) -> list[Outcome]:
    names = gate.waiting(settle_seconds, stop.wait) if stop else gate.waiting(settle_seconds)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes: list[Outcome] = []
    try:
        with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
            task = progress.add_task("receiving", total=len(names))
            parts: dict[str, TaskID] = {}

            def read(name: str, percent: float) -> None:
                if name not in parts:
                    parts[name] = progress.add_task(f"  {name} (%)", total=100)
                progress.update(parts[name], completed=int(percent), visible=percent < 100)

            def show(found: list[Outcome]) -> None:
                progress.advance(task)
                for outcome in found:
                    if outcome.name in parts:
                        progress.remove_task(parts.pop(outcome.name))
                outcomes.extend(found)
                for outcome in found:
                    typer.echo(_line(outcome))

            gate.run(names, jobs, show, stop.is_set if stop else lambda: False, read)
    finally:
        with outages(gate.places.received.address):
            failures = tell_senders(gate.batches, gate.inbox.tables)
        for failure in failures:
            typer.echo(failure, err=True)
    if stop is None or outcomes:
        with outages(gate.places.inbox.address):
            _print_totals(gate, outcomes)
    return outcomes


def _line(outcome: Outcome) -> str:
    words = [outcome.id_lote, outcome.status, outcome.name]
    words += [f"{outcome.rows} rows"] if outcome.rows is not None else []
    words += [f"({outcome.code})"] if outcome.code else []
    return " ".join(words) + (f": {outcome.message}" if outcome.message else "")


def _print_totals(gate: Gate, outcomes: list[Outcome]) -> None:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.status] = counts.get(outcome.status, 0) + 1
    said = ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "nothing came"
    waiting = gate.inbox.incomplete()
    typer.echo(f"{said}." + (f" {len(waiting)} files wait for their end." if waiting else ""))
    for name in waiting[:10]:
        typer.echo(f"  waits: {name}")


def _under(inbox: str, path: Path) -> str:
    """Return a file's name under the inbox, or its own name if it is elsewhere."""
    try:
        return path.absolute().relative_to(Path(inbox).absolute()).as_posix()
    except ValueError:
        return path.name


def _judge(gate: Gate, path: Path, name: str) -> None:
    if not path.is_file():
        raise ValueError(f"{path}: no such file.")
    try:
        accepted = gate.dry_run(path, name)
    except Refused as refused:
        hint = "" if "/" in name else " Say under which name it comes: --as cartoes/NAME."
        errors.print(f"{name}: {refused.code}: {refused}{hint}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(ExitCode.REFUSED) from None
    for each in accepted:
        warnings = f" ({', '.join(each.warnings)})" if each.warnings else ""
        typer.echo(
            f"{name}: would be accepted as {each.kind}: {each.rows} rows for {each.arrival.raw}{warnings}"
        )
