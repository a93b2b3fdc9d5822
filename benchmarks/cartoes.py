"""Time the cards build against the shortest hand-written DuckDB SQL for the same book, in one run.

Prints seconds, the peak memory of the process tree and the ratio to the hand-written SQL. It asserts that
both books agree, and no times.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import duckdb
from measure import PROJECT, Run, dbt, forget_builds, hand_written, print_runs, timed

REF_DATE = date(2024, 2, 1)

# Each measure's SQL over invoices; {w} is the window's filter.
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
    """Return the hand-written SQL for the files under a raw root."""
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


SELECT = ("tag:cartoes",)


def assert_same_book(folder: Path) -> None:
    """Assert that the portfolio books of the build and of the hand-written SQL agree to the last cent."""
    con = duckdb.connect()
    con.execute(f"attach '{folder}/one.duckdb' as one (read_only)")
    con.execute(f"attach '{folder}/reference.duckdb' as reference (read_only)")
    # The means and ratios of the hand-written SQL pass through doubles, so compare only exact measures.
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
    """Generate the files, time every run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep and reuse the generated files here")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    raw = folder / "raw"
    if not raw.exists():
        subprocess.run(
            [str(Path(sys.executable).with_name("lastro")), "sample", "--clean", "--steady"]
            + ["--to", str(raw), "--clients", str(options.clients), "--months", "13"],
            check=True,
        )
        # The tag limits the build to one domain, but landing reads every file under the raw root.
        for domain in ("cooperativa", "mensageria", "recebimento"):
            shutil.rmtree(raw / domain)
    forget_builds(folder)
    runs: dict[str, Run] = {}
    runs["hand-written SQL, one date"] = hand_written(folder / "reference.duckdb", reference_sql(raw))
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
    runs["dbt build, one date"] = dbt(SELECT, folder, raw, "one", *asked)
    assert_same_book(folder)
    runs["dbt build, all dates"] = dbt(SELECT, folder, raw, "all")
    held = folder / "held"
    held.mkdir(exist_ok=True)
    late = [*raw.rglob("*_202401.csv"), *raw.rglob("*_202402.csv")]
    for path in late:
        shutil.move(path, held / path.name)
    try:
        dbt(SELECT, folder, raw, "month")
    finally:
        for path in late:
            shutil.move(held / path.name, path)
    runs["dbt build, a month arrives"] = dbt(SELECT, folder, raw, "month")
    runs["dbt build, nothing new"] = dbt(SELECT, folder, raw, "month")
    print_runs(f"{options.clients:,} clients, 13 months", runs)
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
