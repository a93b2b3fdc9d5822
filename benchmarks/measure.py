"""What the benchmarks share: a timed process, a timed build and the printed table."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psutil
from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).parents[1]


class Run(NamedTuple):
    """The cost of one run: seconds, and peak gigabytes (10^9 bytes) of the process and its children."""

    seconds: float
    gigabytes: float


def timed(command: list[str], **variables: str) -> Run:
    """Run a command of the project, which must succeed, and measure it."""
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=PROJECT, env=os.environ | variables)
    peak = 0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            try:
                root = psutil.Process(process.pid)
                family = [root, *root.children(recursive=True)]
                peak = max(peak, sum(each.memory_info().rss for each in family))
            except psutil.NoSuchProcess:
                pass
            time.sleep(0.1)

    thread = threading.Thread(target=watch)
    thread.start()
    code = process.wait()
    thread.join()
    if code:
        raise SystemExit(f"{command[0]} failed with exit code {code}")
    return Run(time.monotonic() - started, peak / 1e9)


def dbt(select: Iterable[str], folder: Path, raw: Path, database: str, *args: str) -> Run:
    """Time a dbt build of some models into a database in the folder."""
    return timed(
        [str(Path(sys.executable).with_name("dbt")), "build", "--quiet", "--select", *select]
        # Unit tests are for every commit, and the audit is for the night.
        + [
            "--exclude",
            "tag:audit",
            "--exclude-resource-type",
            "unit_test",
            "--target-path",
            str(folder / f"target_{database}"),
            *args,
        ],
        LASTRO_RAW=str(raw),
        # Each database lands the raw files itself.
        LASTRO_LANDED=str(folder / f"landed_{database}"),
        LASTRO_DB=str(folder / f"{database}.duckdb"),
    )


def forget_builds(folder: Path) -> None:
    """Remove what an earlier benchmark built in a folder, and keep its raw files."""
    for path in [*folder.glob("*.duckdb*"), *folder.glob("landed_*")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def hand_written(database: Path, sql: str) -> Run:
    """Time hand-written SQL on a database, with the same limits as the build."""
    settings = (
        f"set threads = {os.environ.get('LASTRO_THREADS', '2')}; set timezone = 'UTC';"
        f"set memory_limit = '{os.environ.get('LASTRO_MEMORY_LIMIT', '6GB')}';"
        "set preserve_insertion_order = false; set enable_progress_bar = false;"
    )
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); c.execute(sys.argv[2])"
    return timed([sys.executable, "-c", script, str(database), settings + sql])


def print_runs(title: str, runs: dict[str, Run]) -> None:
    """Print every run and its ratio to the first."""
    table = Table(title=f"{title}, {os.cpu_count()} cores")
    for column in ("run", "seconds", "peak GB", "ratio"):
        table.add_column(column, justify="left" if column == "run" else "right")
    reference = next(iter(runs.values())).seconds
    for name, run in runs.items():
        table.add_row(name, f"{run.seconds:.1f}", f"{run.gigabytes:.1f}", f"{run.seconds / reference:.2f}")
    Console().print(table)
