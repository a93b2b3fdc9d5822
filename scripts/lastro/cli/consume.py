"""`lastro consume`: messages of a broker become raw files."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.live import Live
from rich.text import Text

from lastro.cli.errors import Commands, ExitCode, errors
from lastro.cli.options import RAW_ROOT, RawRoot
from lastro.consume.consumer import Consumer, GapFound, Settings
from lastro.consume.metrics import Metrics
from lastro.receive.roots import Folder, root_at

# LASTRO_KAFKA_SASL_PASSWORD is sasl.password: what must not stand in a command line.
_VARIABLES = "LASTRO_KAFKA_"

app = typer.Typer(
    cls=Commands, help="Write the messages of a broker to raw files, each exactly once.", no_args_is_help=True
)


@app.callback()
def _consume() -> None:
    """Keep `notifications` a subcommand while it is the only one."""


@app.command()
def notifications(
    broker: Annotated[str, typer.Option(metavar="HOST:PORT", help="The broker; several with commas.")],
    topic: Annotated[str, typer.Option(help="The topic.")] = "notifications",
    group: Annotated[str, typer.Option(help="The consumer group, which shares the partitions.")] = "lastro",
    flush_seconds: Annotated[
        float, typer.Option(min=0.1, help="How long a message may wait until it is in a file.")
    ] = 60,
    flush_rows: Annotated[int, typer.Option(min=1, help="Messages of one partition in a file.")] = 500_000,
    flush_megabytes: Annotated[
        int, typer.Option(min=1, help="Megabytes of messages that are held, all partitions together.")
    ] = 128,
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port on 127.0.0.1 for Prometheus.")
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="End when all is read that was there at the start.")
    ] = False,
    properties: Annotated[
        list[str] | None,
        typer.Option("--property", metavar="KEY=VALUE", help="A property of librdkafka; may be repeated."),
    ] = None,
    properties_file: Annotated[
        Path | None,
        typer.Option("--properties", metavar="FILE", help="A file of such properties, one a line."),
    ] = None,
    raw: RawRoot = RAW_ROOT,
) -> None:
    """Write the messages of a topic to raw Parquet files until SIGINT or SIGTERM, each exactly once.

    What starts with LASTRO_KAFKA_ in the environment is a property too: LASTRO_KAFKA_SASL_PASSWORD is
    sasl.password. Exits with 3 if messages were deleted on the broker before they were read.
    """
    settings = Settings(
        broker=broker,
        topic=topic,
        group=group,
        flush_seconds=flush_seconds,
        flush_rows=flush_rows,
        flush_bytes=flush_megabytes * 1024**2,
        properties=_properties(properties_file, properties or []),
    )
    root = root_at(raw)
    metrics = Metrics()
    with _live() as line:
        consumer = Consumer(root, settings, metrics, _log)
        if isinstance(root, Folder):
            root.sweep()
        if metrics_port:
            metrics.serve(metrics_port)
        stop = _stopped_by_signals()
        shown = _Shown(consumer, line)
        try:
            consumer.run(stop, once, shown.update)
        except GapFound as error:
            errors.print(f"lastro consume notifications: {error}", style="red", markup=False, soft_wrap=True)
            raise typer.Exit(ExitCode.GAP) from None
    typer.echo(f"{metrics.written_messages} messages in {metrics.written_files} files.", err=True)


def _properties(path: Path | None, said: list[str]) -> dict[str, str]:
    """Return the properties of file, environment and command line, of which the later ones win."""
    lines = [] if path is None else path.read_text(encoding="utf-8").splitlines()
    lines = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    named = {
        name.removeprefix(_VARIABLES).lower().replace("_", "."): value
        for name, value in os.environ.items()
        if name.startswith(_VARIABLES)
    }
    found: dict[str, str] = {}
    for where, texts in ((str(path), lines), ("--property", said)):
        for number, text in enumerate(texts, 1):
            key, is_pair, value = text.partition("=")
            if not is_pair or not key.strip():
                # Not the text: it may be a password.
                raise ValueError(f"{where}, number {number}: not of the form KEY=VALUE.")
            found[key.strip()] = value.strip()
        found |= named if texts is lines else {}
    return found


def _stopped_by_signals() -> threading.Event:
    stop = threading.Event()

    def end_soon(number: int, _frame: object) -> None:
        stop.set()
        # Who asks twice does not want to wait for the flush; the next start reads the messages again.
        signal.signal(number, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_soon)
    return stop


def _log(text: str) -> None:
    if errors.is_terminal:
        errors.print(text, markup=False, highlight=False, soft_wrap=True)
    else:
        print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}", file=sys.stderr, flush=True)


@contextmanager
def _live() -> Iterator[Live | None]:
    """Yield a line that is drawn again and again, on a terminal."""
    if not errors.is_terminal:
        yield None
        return
    with Live(Text("connecting"), console=errors, transient=True, auto_refresh=False) as line:
        yield line


class _Shown:
    """Says a few times a second how far the consumer is."""

    def __init__(self, consumer: Consumer, line: Live | None) -> None:
        self.consumer, self.line = consumer, line
        self.at, self.read = time.monotonic(), 0
        self.rate = 0.0

    def update(self) -> None:
        now = time.monotonic()
        if now - self.at < 0.5:
            return
        lag = self.consumer.lag()
        metrics = self.consumer.metrics
        held = sum(len(each) for each in self.consumer.held.values())
        read = metrics.written_messages + held
        self.rate = max(0, read - self.read) / (now - self.at)
        self.at, self.read = now, read
        if self.line is None:
            return
        words = [
            f"{len(lag)} partitions",
            f"{self.rate:,.0f} messages/s",
            f"lag {sum(lag.values()):,}",
            f"{metrics.written_files:,} files",
            f"p50 {metrics.p50:.0f} s, p99 {metrics.p99:.0f} s",
        ]
        self.line.update(Text(" · ".join(words), no_wrap=True, overflow="ellipsis"), refresh=True)
