"""Time the gate: one large CSV, and many small files.

Prints seconds and the peak memory of each run. The references are what nothing can beat: `cp` copies the
large file, and DuckDB's own reader counts its rows. Peak memory must not follow the size of the file, so a
large file is received at two sizes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import duckdb
from measure import Run, print_runs, timed

_INVOICES = """
select
    'F' || lpad(cast(number as varchar), 10, '0') as id_fatura,
    'C' || lpad(cast(number % 1000003 as varchar), 7, '0') as id_cliente,
    date '2024-01-01' + cast(number % 28 as integer) as data_emissao,
    date '2024-02-01' + cast(number % 28 as integer) as data_vencimento,
    cast(number % 100000 as varchar) || '.' || lpad(cast(number % 100 as varchar), 2, '0') as valor_fatura,
    cast(number % 1000 as varchar) || '.00' as valor_pagamento_minimo
from range($rows) as numbers (number)
"""
_BYTES_A_ROW = 58


def write_large(path: Path, gigabytes: float) -> None:
    """Write a CSV of invoices of about this many gigabytes."""
    path.parent.mkdir(parents=True)
    rows = int(gigabytes * 1e9 / _BYTES_A_ROW)
    with duckdb.connect() as con:
        con.execute("set threads = 2; set preserve_insertion_order = false; set enable_progress_bar = false")
        con.execute("create view invoices as " + _INVOICES.replace("$rows", str(rows)))
        con.execute(f"copy invoices to '{path}' (format csv, header)")


def write_small(folder: Path, files: int) -> None:
    """Write many files of twenty account invoices each, no two with the same content."""
    folder.mkdir(parents=True)
    for number in range(files):
        rows = "".join(f"C{number},A{at},2024-01-01,{at}.10\n" for at in range(20))
        (folder / f"f{number:05}.csv").write_text("customer,account,month,invoice\n" + rows, encoding="utf-8")


def receive(folder: Path, *args: str) -> Run:
    """Time one pass of the gate over the inbox in a folder, which it must accept whole."""
    places = {
        f"LASTRO_{name.upper()}": str(folder / name) for name in ("inbox", "received", "quarantine", "raw")
    }
    lastro = str(Path(sys.executable).with_name("lastro"))
    with (folder / "log.txt").open("w") as log:
        old = os.dup(1)
        os.dup2(log.fileno(), 1)
        try:
            return timed([lastro, "receive", "--settle-seconds", "0", *args], **places)
        finally:
            os.dup2(old, 1)
            os.close(old)


def main() -> None:
    """Generate the files, time every run and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5)
    parser.add_argument("--files", type=int, default=1000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    try:
        large = folder / "large" / "inbox" / "cartoes" / "tb_faturas_202401.csv"
        write_large(large, options.gigabytes)
        count = (
            "import duckdb, sys; c = duckdb.connect(); c.execute('set threads = 2');"
            "c.execute('select count(*), sum(valor_fatura) from read_csv(?)', [sys.argv[1]]).fetchall()"
        )
        runs = {
            "cp": timed(["cp", str(large), str(folder / "copy")]),
            "DuckDB counts its rows": timed([sys.executable, "-c", count, str(large)]),
        }
        (folder / "copy").unlink()
        runs[f"lastro receive, {options.gigabytes:g} GB"] = receive(folder / "large")
        shutil.rmtree(folder / "large")
        write_large(large, options.gigabytes / 5)
        runs[f"lastro receive, {options.gigabytes / 5:g} GB"] = receive(folder / "large")
        print_runs("One large file", runs)
        write_small(folder / "small" / "inbox" / "mensageria" / "invoices", options.files)
        run = receive(folder / "small", "--jobs", "2")
        print_runs(
            f"{options.files} small files, {options.files / run.seconds:.0f} a second",
            {"lastro receive": run},
        )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
