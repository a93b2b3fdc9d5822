"""Time a million debts from the clients' files to fct_dividas beside the shortest exact SQL, in one run.

Half of them come in the standard layout, half with semicolons, decimal commas and DD/MM/YYYY in Windows-1252.
The gate receives both files, then dbt builds the domain; the hand-written SQL reads the files as received. A
second batch corrects one debt in a hundred. Prints seconds, the peak memory of the process tree and the ratio
to the hand-written SQL. It asserts that both give the same debts, and no times.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import duckdb
from measure import PROJECT, Run, dbt, forget_builds, hand_written, print_runs, timed

SELECT = ("tag:cobranca",)
DEBTS = """
create or replace macro digit(number, place) as number // cast(power(10, 9 - place) as bigint) % 10;
create or replace macro rest(total) as case when total * 10 % 11 = 10 then 0 else total * 10 % 11 end;
create or replace table debts as
with numbers as (
    select number, cast(hash(number) % 1000000000 as bigint) as base
    from range($first, $last) as numbers (number)
),

first_digits as (
    select
        *,
        rest(list_sum(list_transform(range(1, 10), lambda place: digit(base, place) * (11 - place)))) as tenth
    from numbers
),

documents as (
    select
        *,
        rest(
            list_sum(list_transform(range(1, 10), lambda place: digit(base, place) * (12 - place)))
            + 2 * tenth
        ) as last
    from first_digits
)

select
    'D' || number as id_divida,
    'Devedor Ação ' || number as nome_devedor,
    -- One in fifty has a wrong check digit.
    lpad(cast(base as varchar), 9, '0') || tenth
    || case when number % 50 = 7 then (last + 1) % 10 else last end as documento_devedor,
    'd' || number || '@exemplo.com.br' as email_devedor,
    -- One in a hundred owes nothing.
    cast(
        case when number % 100 = 11 then 0 else 1 + (hash(number, 1) % 1000000) / 100.0 + $more end
        as decimal(18, 2)
    ) as valor_divida,
    date '2019-01-01' + cast(hash(number, 2) % 2500 as integer) as data_vencimento
from documents
"""
STANDARD = "select 'aurora' as id_cliente_credor, * from debts"
SEMICOLONS = """
select
    id_divida as "Contrato",
    nome_devedor as "Cliente",
    documento_devedor as "CPF/CNPJ",
    email_devedor as "E-mail",
    translate(format('{:,.2f}', valor_divida), ',.', '.,') as "Valor (R$)",
    strftime(data_vencimento, '%d/%m/%Y') as "Vencimento"
from debts
"""


def write_files(inbox: Path, name: str, debts: int, every: int, more: int) -> None:
    """Write a file of each client: every n-th debt, each for some R$ more."""
    half = debts // 2
    with duckdb.connect() as con:
        con.execute("set threads = 2; set preserve_insertion_order = false")
        for client, first, query, delimiter in (
            ("aurora", 0, STANDARD, ","),
            ("boreal", half, SEMICOLONS, ";"),
        ):
            con.execute(DEBTS, {"first": first, "last": first + half, "more": more})
            con.execute(f"delete from debts where cast(substr(id_divida, 2) as bigint) % {every} <> 0")
            path = inbox / "cobranca" / client / f"{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"copy ({query}) to '{path}' (format csv, header, delimiter '{delimiter}')")
    path.write_bytes(path.read_bytes().decode().encode("cp1252"))


def receive(folder: Path) -> Run:
    """Time one pass of the gate."""
    return timed(
        [str(Path(sys.executable).with_name("lastro")), "receive", "--settle-seconds", "0", "--jobs", "2"],
        **{
            f"LASTRO_{name.upper()}": str(folder / name)
            for name in ("inbox", "received", "quarantine", "raw")
        },
    )


def assert_same_debts(folder: Path) -> None:
    """Assert that the debts of the build and of the hand-written SQL are the same rows."""
    columns = (
        "id_cliente_credor, id_divida, nome_devedor, documento_devedor, email_devedor, valor_divida,"
        " data_vencimento, situacao, recebida_em"
    )
    with duckdb.connect() as con:
        con.execute(f"attach '{folder}/all.duckdb' as built (read_only)")
        con.execute(f"attach '{folder}/reference.duckdb' as reference (read_only)")
        left, right = (
            con.execute(f"select count(*), sum(hash({columns})) from {table}").fetchone()
            for table in ("built.lastro_cobranca.fct_dividas", "reference.fct_dividas")
        )
    if left != right or not left[0]:
        raise SystemExit(f"the debts differ: {left} {right}")


def main() -> None:
    """Generate the files, time every run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--debts", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the files here")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    forget_builds(folder)
    for name in ("inbox", "received", "quarantine", "raw"):
        shutil.rmtree(folder / name, ignore_errors=True)
    sql = (PROJECT / "benchmarks" / "cobranca.sql").read_text(encoding="utf-8")
    sql = sql.format(received=folder / "received")
    write_files(folder / "inbox", "first", options.debts, every=1, more=0)
    gate = receive(folder)
    runs: dict[str, Run] = {
        "hand-written SQL": hand_written(folder / "first.duckdb", sql),
        "lastro receive": gate,
        "dbt build": dbt(SELECT, folder, folder / "raw", "all"),
    }
    write_files(folder / "inbox", "second", options.debts, every=100, more=1)
    runs["lastro receive, 1 % again"] = receive(folder)
    runs["dbt build, 1 % again"] = dbt(SELECT, folder, folder / "raw", "all")
    runs["dbt build, nothing new"] = dbt(SELECT, folder, folder / "raw", "all")
    hand_written(folder / "reference.duckdb", sql)
    assert_same_debts(folder)
    print_runs(f"{options.debts:,} debts of two clients", runs)
    if options.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
