"""Time a day of notifications, and a minute more, against the shortest exact hand-written SQL, in one run.

The input is a day of 24 hours in 4 partitions: 5,000 customers of very different size, one message in a
thousand delivered twice, half of these in another hour. Prints seconds, the peak memory of the process tree
and the ratio to the hand-written SQL. It asserts that both give the same rows, and no times.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from pathlib import Path

import duckdb
from measure import PROJECT, Run, dbt, forget_builds, hand_written, print_runs

SELECT = ("+tag:mensageria",)
PARTITIONS = 4
# $hour is 24 for the minute after the day. A copy has the number, and so the content, of an earlier message.
MESSAGES = """
with numbers as (
    select
        i as position,
        case
            when i % 2000 = 1999 then $first + i - 7
            when i % 2000 = 999 and $first >= $count then $first + i - $count
            else $first + i
        end as number
    from range($count) as positions (i)
),

messages as (
    select
        position,
        number,
        cast(floor(5000 * power((hash(number) % 1000000) / 1000000.0, 3)) as integer) as customer
    from numbers
)

select
    cast(1000000 + customer as varchar) as customer_id,
    upper(substr(md5(cast(number as varchar)), 1, 10)) as message_id,
    'Cliente ' || customer as customer_name,
    'Whatsapp' as channel,
    'Olá! O pedido ' || number || ' saiu e chega até as ' || hash(number) % 24 || ' horas.' as payload,
    strftime(
        timestamp '2024-01-05' + to_milliseconds(cast(number * 86400000.0 / $day as bigint)),
        '%Y-%m-%dT%H:%M:%S.%g+00:00'
    ) as event_datetime,
    customer % {partitions} as _partition,
    $offset + row_number() over (partition by customer % {partitions} order by position) - 1 as _offset,
    timestamptz '2024-01-05 00:59:59.999+00' + to_hours($hour) as _ingested_at,
    cast(null as varchar) as _raw,
    cast(null as varchar) as _problem,
    cast(null as varchar) as _extra
from messages
"""


def write_hour(
    con: duckdb.DuckDBPyConnection, raw: Path, hour: int, first: int, count: int, day: int
) -> None:
    """Write the files of one hour, one a partition.

    Args:
        con: A database.
        raw: The raw root.
        hour: The hour of the day.
        first: The number of the first message.
        count: The number of messages.
        day: The number of messages of the whole day.
    """
    said = {"hour": hour, "first": first, "count": count, "day": day, "offset": first}
    con.execute("create or replace temp table hour as " + MESSAGES.format(partitions=PARTITIONS), said)
    folder = raw / "mensageria" / "notifications" / "dt=2024-01-05" / f"hour={hour:02}"
    folder.mkdir(parents=True, exist_ok=True)
    for partition in range(PARTITIONS):
        con.execute(
            f"copy (from hour where _partition = {partition} order by _offset)"
            f" to '{folder}/notifications-{partition:05}-{first:020}.parquet'"
            " (format parquet, compression zstd)"
        )


def assert_same_bill(folder: Path) -> None:
    """Assert that minutes, bill and panel of the build and of the hand-written SQL are the same rows."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'; set memory_limit = '6GB'; set threads = 2")
    con.execute(f"attach '{folder}/all.duckdb' as built (read_only)")
    con.execute(f"attach '{folder}/reference.duckdb' as reference (read_only)")
    marts = "built.lastro_mensageria"
    for left, right in (
        (
            f"select customer_id, channel, minuto, notificacoes from {marts}.notificacoes_por_minuto",
            "select customer_id, channel, minuto::timestamp, notificacoes from reference.minutes",
        ),
        (
            f"select customer_id, data, notificacoes, valor from {marts}.relatorio_cobranca_notificacoes",
            "select customer_id, data, notificacoes, valor from reference.bill",
        ),
        (
            f"select customer_id, customer_name from {marts}.painel_notificacoes",
            "select customer_id, customer_name from reference.panel",
        ),
    ):
        sums = [
            con.execute(f"select count(*), sum(hash(columns(*)::varchar)) from ({query})").fetchone()
            for query in (left, right)
        ]
        if sums[0] != sums[1] or not sums[0][0]:
            raise SystemExit(f"{left} and {right} differ: {sums}")


def main() -> None:
    """Generate the files, time every run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path, help="keep and reuse the generated files here")
    options = parser.parse_args()
    os.environ.setdefault("LASTRO_MEMORY_LIMIT", "4GB")
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    raw, held = folder / "raw", folder / "held"
    forget_builds(folder)
    count = options.messages // 24
    # The last minute of the day comes later.
    minute = max(1000, count * 24 // 1440)
    day = count * 24 + minute
    if not raw.exists():
        con = duckdb.connect()
        con.execute("set threads = 2; set timezone = 'UTC'")
        for hour in range(24):
            write_hour(con, raw, hour, hour * count, count, day)
        write_hour(con, held, 23, 24 * count, minute, day)
    else:
        for path in held.rglob("*.parquet"):
            (raw / path.relative_to(held)).unlink(missing_ok=True)
    sql = (PROJECT / "benchmarks" / "notifications.sql").read_text(encoding="utf-8").format(raw=raw)
    runs: dict[str, Run] = {"hand-written SQL": hand_written(folder / "reference.duckdb", sql)}
    runs["dbt build, the day"] = dbt(SELECT, folder, raw, "all")
    assert_same_bill(folder)
    shutil.copytree(held, raw, dirs_exist_ok=True)
    runs["dbt build, a minute more"] = dbt(SELECT, folder, raw, "all")
    runs["dbt build, nothing new"] = dbt(SELECT, folder, raw, "all")
    print_runs(f"{count * 24:,} messages in {24 * PARTITIONS} files", runs)
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
