"""Time the chatbot build against the shortest hand-written DuckDB SQL for answers and sessions, in one run.

The input is a day of hourly files, with one answer per event and four questions per session. Prints seconds,
the peak memory of the process tree and the ratio to the hand-written SQL. It asserts that both give the same
rows, and no times.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import duckdb
from measure import PROJECT, Run, dbt, forget_builds, hand_written, print_runs

SELECT = ("tag:mensageria",)
EVENTS = """
select
    'C' || (session % 50) as customer,
    'F' || (session % 20) as flow,
    'S' || session as session,
    strftime(
        timestamp '2024-01-01' + to_hours($hour) + to_seconds(cast(hash(session, step) % 3600 as bigint)),
        '%Y-%m-%dT%H:%M:%S-03:00'
    ) as timestamp,
    map {
        'pergunta_' || (session % 20) || '_' || step:
        case when hash(session, step, 1) % 20 = 0 then ' ' else 'resposta ' || hash(session, step) % 1000 end
    } as content
from range($sessions) as sessions (session), range(4) as steps (step)
where (hash(session) + step // 2) % 24 = $hour
"""


def write_events(raw: Path, answers: int) -> None:
    """Write 24 hourly files as JSON arrays."""
    folder = raw / "mensageria" / "chatbot" / "2024-01-01"
    folder.mkdir(parents=True)
    con = duckdb.connect()
    con.execute("set threads = 2; set preserve_insertion_order = false")
    for hour in range(24):
        con.execute("create or replace table events as " + EVENTS, {"hour": hour, "sessions": answers // 4})
        con.execute(f"copy events to '{folder}/hour={hour:02}.json' (format json, array true)")


def assert_same_answers(folder: Path) -> None:
    """Assert that the answers and sessions of the build and of the hand-written SQL are the same rows."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'; set memory_limit = '6GB'; set threads = 2")
    con.execute(f"attach '{folder}/all.duckdb' as built (read_only)")
    con.execute(f"attach '{folder}/reference.duckdb' as reference (read_only)")
    for name, columns in (
        ("answers", "customer, flow, session, answer_key, answer_value, times_answered, answered_at"),
        ("sessions", "customer, flow, session, first_answer_dt, last_answer_dt, answers_count"),
    ):
        typed = columns.replace("answered_at", "answered_at::timestamp").replace("_dt", "_dt::timestamp")
        left, right = (
            con.execute(f"select count(*), sum(hash({typed})) from {table}").fetchone()
            for table in (f"built.lastro_mensageria.chatbot_{name}", f"reference.{name}")
        )
        if left != right or not left[0]:
            raise SystemExit(f"the {name} differ: {left} {right}")


def main() -> None:
    """Generate the files, time every run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path, help="keep and reuse the generated files here")
    options = parser.parse_args()
    # For both runs. The aim is less than 4 GB per process, and DuckDB's buffers are most of it.
    os.environ.setdefault("LASTRO_MEMORY_LIMIT", "3GB")
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    raw = folder / "raw"
    forget_builds(folder)
    if not raw.exists():
        write_events(raw, options.answers)
    sql = (PROJECT / "benchmarks" / "chatbot.sql").read_text(encoding="utf-8").format(raw=raw)
    runs: dict[str, Run] = {"hand-written SQL": hand_written(folder / "reference.duckdb", sql)}
    late = next(raw.rglob("hour=13.json"))
    held = folder / late.name
    shutil.move(late, held)
    runs["dbt build, 23 hours"] = dbt(SELECT, folder, raw, "all")
    shutil.move(held, late)
    runs["dbt build, hour 13 arrives"] = dbt(SELECT, folder, raw, "all")
    runs["dbt build, nothing new"] = dbt(SELECT, folder, raw, "all")
    assert_same_answers(folder)
    print_runs(f"{options.answers:,} answers in 24 files", runs)
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
