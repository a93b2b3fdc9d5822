"""The cards build against the shortest hand-written DuckDB SQL for the same book, in one run.

Prints seconds, peak memory of the process tree and the ratio to the hand-written SQL. Nothing here
asserts a time; that both books agree is asserted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import duckdb
import psutil
from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).parents[1]
REF_DATE = date(2024, 2, 1)

# Name of a measure: SQL over invoices, where {w} is the window's filter.
MEASURES = {
    "total_faturas": "count(*) {w}",
    "valor_total_faturas": "(sum(valor_fatura) {w})::decimal(18, 2)",
    "valor_medio_faturas": "(sum(valor_fatura) {w} / nullif(count(*) {w}, 0))::decimal(18, 2)",
    "total_pagamentos": "(sum(n) {w})::int",
    "valor_total_pagamentos": "(sum(pago) {w})::decimal(18, 2)",
    "valor_medio_pagamentos": "(sum(pago) {w} / nullif(sum(n) {w}, 0))::decimal(18, 2)",
    "percentual_pagamento_prazo": "(100 * count(em_dia) {w} / nullif(count(*) {w}, 0))::decimal(9, 4)",
    "percentual_inadimplencia": "(100 * count(devido) {w} / nullif(count(*) {w}, 0))::decimal(9, 4)",
    "total_atrasos": "count(dias) {w}",
    "percentual_atrasos": "(100 * count(dias) {w} / nullif(count(*) {w}, 0))::decimal(9, 4)",
    "media_dias_atraso": "(avg(dias) {w})::decimal(9, 4)",
    "max_dias_atraso": "max(dias) {w}",
    "valor_inadimplente": "coalesce(sum(devido) {w}, 0)::decimal(18, 2)",
    "percentual_valor_pago": "(100 * sum(pago) {w} / nullif(sum(valor_fatura) {w}, 0))::decimal(18, 4)",
}


def reference_sql(raw: Path) -> str:
    """The hand-written SQL, for the files below a raw root."""
    text = (PROJECT / "benchmarks" / "reference.sql").read_text(encoding="utf-8")
    return text.format(
        raw=raw,
        ref_date=REF_DATE,
        measures=", ".join(f"{sql.format(w='')} as {name}" for name, sql in MEASURES.items()),
        windows=", ".join(
            f"{sql.format(w=f'filter (where idade <= {months})')} as {name}_u{months}m"
            for months in (1, 3, 6, 12)
            for name, sql in MEASURES.items()
        ),
    )


def timed(command: list[str], **variables: str) -> tuple[float, float]:
    """Run a command; seconds and peak gigabytes (10^9 bytes) of it and its children."""
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
        raise SystemExit(f"{command[0]} ended with exit code {code}")
    return time.monotonic() - started, peak / 1e9


def dbt(folder: Path, raw: Path, database: str, *args: str) -> tuple[float, float]:
    """Time a dbt build of the cards domain into a database of the folder."""
    target = folder / f"target_{database}"
    return timed(
        [str(Path(sys.executable).with_name("dbt")), "build", "--quiet", "--select", "cartoes"]
        # Unit tests look at no data: they are for every commit, not for every build.
        + ["+qualidade", "--exclude-resource-type", "unit_test", "--target-path", str(target), *args],
        LASTRO_RAW=str(raw),
        LASTRO_DB=str(folder / f"{database}.duckdb"),
    )


def assert_same_book(folder: Path) -> None:
    """The portfolio book of the build and of the hand-written SQL agree to the last cent."""
    con = duckdb.connect()
    con.execute(f"attach '{folder}/one.duckdb' as one (read_only)")
    con.execute(f"attach '{folder}/reference.duckdb' as reference (read_only)")
    # Means and ratios of the hand-written SQL pass through doubles: only what is exact is compared.
    exact = [name for name in MEASURES if name.startswith(("total", "valor_total", "max", "valor_i"))]
    columns = ", ".join(["periodo", *exact, "total_clientes"])
    rows = [
        con.execute(f"select {columns} from {table} order by periodo").fetchall()
        for table in (
            f"(from one.lastro_cartoes.book_faturas_carteira where ref_date = date '{REF_DATE}')",
            "reference.book_carteira",
        )
    ]
    if rows[0] != rows[1]:
        raise SystemExit(f"the books differ:\n{rows[0]}\n{rows[1]}")


def main() -> None:
    """Generate the files, time every run, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep and reuse the generated files here")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    raw = folder / "raw"
    if not raw.exists():
        subprocess.run(
            [str(Path(sys.executable).with_name("lastro")), "sample", "--clean", "--steady"]
            + ["--out", str(raw), "--clients", str(options.clients), "--months", "13"],
            check=True,
        )
    for path in folder.glob("*.duckdb*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    runs: dict[str, tuple[float, float]] = {}
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); c.execute(sys.argv[2])"
    settings = f"set threads = {os.environ.get('LASTRO_THREADS', '2')}; set memory_limit = '"
    settings += os.environ.get("LASTRO_MEMORY_LIMIT", "6GB") + "'; set preserve_insertion_order = false;"
    settings += "set enable_progress_bar = false;"
    runs["hand-written SQL, one date"] = timed(
        [
            sys.executable,
            "-c",
            script,
            str(folder / "reference.duckdb"),
            settings + reference_sql(raw),
        ]
    )
    runs["pandas, one date"] = timed(
        [
            sys.executable,
            "benchmarks/reference_pandas.py",
            str(raw),
            str(REF_DATE),
            str(folder / "pandas.csv"),
        ]
    )
    asked = ("--vars", f"{{ref_dates: [{REF_DATE}]}}")
    runs["dbt build, one date"] = dbt(folder, raw, "one", *asked)
    assert_same_book(folder)
    runs["dbt build, all dates"] = dbt(folder, raw, "all")
    held = folder / "held"
    held.mkdir(exist_ok=True)
    late = [*raw.rglob("*_202401.csv"), *raw.rglob("*_202402.csv")]
    for path in late:
        shutil.move(path, held / path.name)
    try:
        dbt(folder, raw, "month")
    finally:
        for path in late:
            shutil.move(held / path.name, path)
    runs["dbt build, a month arrives"] = dbt(folder, raw, "month")
    runs["dbt build, nothing new"] = dbt(folder, raw, "month")
    table = Table(title=f"{options.clients:,} clients, 13 months, {os.cpu_count()} cores")
    for column in ("run", "seconds", "peak GB", "ratio"):
        table.add_column(column, justify="left" if column == "run" else "right")
    reference = runs["hand-written SQL, one date"][0]
    for name, (seconds, gigabytes) in runs.items():
        table.add_row(name, f"{seconds:.1f}", f"{gigabytes:.1f}", f"{seconds / reference:.2f}")
    Console().print(table)
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
