"""Time builds as history grows, in small files: a flush a minute leaves 1,440 a day for each partition.

Prints the seconds and the peak memory of a build with nothing new and of one with a file more, after few
files and after many, and the ratio to nothing new after few.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from measure import Run, dbt, print_runs

SELECT = ("+tag:mensageria",)
MESSAGES = 20
BEGIN = datetime(2024, 1, 5, tzinfo=UTC)


def write_minute(raw: Path, minute: int) -> None:
    """Write the file of one minute. Its time is old, because a file of just now is read a second time."""
    at = BEGIN + timedelta(minutes=minute)
    first = minute * MESSAGES
    folder = raw / "mensageria" / "notifications" / f"dt={at:%Y-%m-%d}" / f"hour={at:%H}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"notifications-00000-{first:020}.parquet"
    table = pa.table(
        {
            "customer_id": [f"{1000000 + number}" for number in range(MESSAGES)],
            "message_id": [f"{first + number:010X}" for number in range(MESSAGES)],
            "customer_name": [f"Cliente {number}" for number in range(MESSAGES)],
            "channel": ["Whatsapp"] * MESSAGES,
            "payload": ["Olá!"] * MESSAGES,
            "event_datetime": [at.isoformat(timespec="milliseconds")] * MESSAGES,
            "_partition": pa.array([0] * MESSAGES, pa.int32()),
            "_offset": pa.array(range(first, first + MESSAGES), pa.int64()),
            "_ingested_at": pa.array([at + timedelta(seconds=30)] * MESSAGES, pa.timestamp("us", "UTC")),
            **{name: pa.nulls(MESSAGES, pa.string()) for name in ("_raw", "_problem", "_extra")},
        }
    )
    pq.write_table(table, path)
    os.utime(path, (at.timestamp(), at.timestamp()))


def main() -> None:
    """Let the files pile up, time the builds in between and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000, help="how many files there are in the end")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    raw, runs, written = folder / "raw", {}, 0

    def build() -> Run:
        return dbt(SELECT, folder, raw, "all")

    for count in (options.files // 100, options.files // 10, options.files):
        for minute in range(written, count):
            write_minute(raw, minute)
        build()
        runs[f"nothing new, {count:,} files"] = build()
        write_minute(raw, count)
        runs[f"a file more, {count:,} files"] = build()
        written = count + 1
    print_runs("A build as files pile up", runs)
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
