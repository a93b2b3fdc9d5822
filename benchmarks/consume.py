"""Measure the consumer: messages a second on one core, from a real broker to Parquet files synced to disk.

The broker gets the messages first and has the other core. It asserts that every offset is in the files once,
and no times. Prints messages a second and peak memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import psutil
from lastro.consume.broker import Broker
from lastro.sample.notifications import messages, produce
from measure import timed
from rich.console import Console
from rich.table import Table

TOPIC = "notifications"


def main() -> None:
    """Produce, consume, check and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=2_000_000)
    parser.add_argument("--partitions", type=int, default=6)
    parser.add_argument("--keep", action="store_true", help="keep the folder, and print where it is")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lastro-consume-"))
    cores = sorted(os.sched_getaffinity(0))
    try:
        with Broker(folder / "broker", "log.segment.bytes=268435456\n") as broker:
            broker.create_topic(TOPIC, options.partitions)
            started = time.monotonic()
            produce(messages(options.messages, customers=5000), broker.address, TOPIC)
            produced = time.monotonic() - started
            assert broker.process is not None
            java = psutil.Process(broker.process.pid)
            java.cpu_affinity(cores[-1:])
            used = sum(java.cpu_times()[:2])
            # Inherited by the consumer.
            os.sched_setaffinity(0, cores[:1])
            command = [str(Path(sys.executable).with_name("lastro")), "consume", TOPIC, "--once"]
            idle = timed([*command[:1], "--version"])
            run = timed([*command, "--broker", broker.address], LASTRO_RAW=str(folder / "raw"))
            used = sum(java.cpu_times()[:2]) - used
        rows, size = check(folder / "raw", options.messages)
    finally:
        if options.keep:
            print(folder)
        else:
            shutil.rmtree(folder)
    table = Table("what", "measured")
    table.add_row("messages, partitions", f"{options.messages:,}, {options.partitions}")
    table.add_row("produced (every core)", f"{options.messages / produced:,.0f} messages/s")
    table.add_row("consumed on one core", f"{options.messages / run.seconds:,.0f} messages/s")
    net = run.seconds - idle.seconds
    table.add_row(f"without the {idle.seconds:.1f} s of start", f"{options.messages / net:,.0f} messages/s")
    table.add_row("seconds; of the broker's core", f"{run.seconds:.1f}; {used:.1f}")
    table.add_row("peak memory of the consumer", f"{run.gigabytes * 1000:.0f} MB")
    table.add_row("files", f"{size / rows:.0f} bytes a message")
    Console().print(table)


def check(raw: Path, count: int) -> tuple[int, int]:
    """Assert that every offset is there once; return the rows and the bytes."""
    glob = f"{raw}/mensageria/notifications/*/*/*.parquet"
    query = f"select count(*), count(distinct (_partition, _offset)) from '{glob}'"
    rows, offsets = duckdb.execute(query).fetchone() or (0, 0)
    if rows != count or offsets != count:
        raise SystemExit(f"{count} messages, but {rows} rows with {offsets} offsets")
    return rows, sum(path.stat().st_size for path in raw.rglob("*.parquet"))


if __name__ == "__main__":
    main()
