"""The books equal their definitions, leak nothing, and do not depend on how files arrived."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
from conftest import MARTS, PROJECT, Tables, Workspace, few, many
from definitions import Invoice, Payment, client_book, portfolio_book
from hypothesis import given
from hypothesis import strategies as st
from strategies import fatura_row, pagamento_row, portfolios

BOOK_NAMES = ["book_faturas_cliente", "book_faturas_carteira"]
BOOKS = ["lastro_cartoes.book_faturas_cliente", "lastro_cartoes.book_faturas_carteira"]
BASES = [
    f"lastro_cartoes.base_cartoes__{rows}{suffix}"
    for rows in ("faturas", "pagamentos")
    for suffix in ("", "_repeated")
]

# Only the models of card files. Other domains would add half a build's time and nothing to these properties.
BUILD_CARDS = ("--select", "tag:cartoes")
CARD_MARTS = [name for name in MARTS if name.startswith("lastro_cartoes")] + [
    "lastro_cartoes.int_cartoes__quarentena",
    "lastro_cartoes.int_cartoes__reconciliacao",
]


def write_by_month(workspace: Workspace, invoices: list[Invoice], payments: list[Payment]) -> None:
    for table, rows in {
        "tb_faturas": [(invoice.issued, fatura_row(invoice)) for invoice in invoices],
        "tb_pagamentos": [(payment.paid, pagamento_row(payment)) for payment in payments],
    }.items():
        months: dict[str, list[list[str]]] = defaultdict(list)
        for day, row in rows:
            months[f"{day:%Y%m}"].append(row)
        for period, cells in months.items():
            workspace.write_rows(table, period, cells)


def assert_book(built: Tables, table: str, key: str, expected: dict) -> None:
    found = {(row["ref_date"], row[key]): row for row in built.records(f"from {table}")}
    assert found.keys() == expected.keys()
    for at, row in expected.items():
        assert {name: found[at][name] for name in row} == row, at


@many
@given(portfolio=portfolios())
def test_books_equal_their_definitions(
    workspace: Workspace, quick: Callable[..., Tables], portfolio: tuple
) -> None:
    invoices, payments = portfolio
    workspace.clear()
    write_by_month(workspace, invoices, payments)
    built = quick(*BOOK_NAMES)
    assert_book(built, BOOKS[1], "periodo", portfolio_book(invoices, payments))
    assert_book(built, BOOKS[0], "id_cliente", client_book(invoices, payments))


@many
@given(portfolio=portfolios(), month=st.integers(0, 11))
def test_nothing_leaks_from_a_reference_date_on(
    workspace: Workspace, quick: Callable[..., Tables], portfolio: tuple, month: int
) -> None:
    invoices, payments = portfolio
    ref_date = date(2023 + month // 8, month % 8 + 5, 1)
    # An invoice from the day before gives every build the reference date.
    invoices = [*invoices, Invoice("last", "0c", ref_date - timedelta(1), ref_date, Decimal(1), None)]
    seen = []
    for known in (date(9999, 1, 1), ref_date):
        workspace.clear()
        write_by_month(
            workspace,
            [invoice for invoice in invoices if invoice.issued < known],
            [payment for payment in payments if payment.paid < known],
        )
        built = quick(*BOOK_NAMES)
        seen.append(
            [
                built.query(
                    f"select * exclude (input_version) from {book} where ref_date = '{ref_date}' order by all"
                )
                for book in BOOKS
            ]
        )
    assert seen[0] == seen[1]
    assert len(seen[0][1]) == 4


@few
@given(portfolio=portfolios(), seed=st.integers(0, 2**32))
def test_arrival_in_any_order_and_any_number_of_builds(
    workspace: Workspace, portfolio: tuple, seed: int
) -> None:
    invoices, payments = portfolio
    chance = random.Random(seed)
    # Order matters for rows that a later file repeats, unchanged or corrected, even to another date.
    corrected = [
        Invoice(i.id, chance.choice("ab"), i.issued.replace(day=1), i.due, i.amount + 1, i.minimum)
        for i in chance.sample(invoices, k=len(invoices) // 3)
    ]
    workspace.clear()
    write_by_month(workspace, invoices, payments)
    workspace.write_rows("tb_faturas", "202406", [fatura_row(i) for i in corrected + invoices[:2]])
    workspace.write_rows("tb_pagamentos", "202406", [pagamento_row(p) for p in payments[:3]])
    workspace.build(*BUILD_CARDS)
    at_once = workspace.snapshot(CARD_MARTS + BASES)
    # Some files first arrive without their last row and are corrected later, or disappear for a while.
    arrivals: list[tuple[float, Path, bytes | None]] = []
    for path in workspace.raw.rglob("*.csv"):
        content, moment = path.read_bytes(), chance.random()
        arrivals.append((moment, path, content))
        lines = content.splitlines(keepends=True)
        if chance.random() < 0.3 and len(lines) > 1:
            arrivals.append((chance.uniform(0, moment), path, b"".join(lines[:-1])))
        if chance.random() < 0.2:
            arrivals.append((chance.uniform(moment, 1), path, None))
            arrivals.append((1.0, path, content))
    arrivals.sort(key=lambda arrival: arrival[0])
    workspace.clear()
    while arrivals:
        together = chance.randint(2, 10)
        for _, path, content in arrivals[:together]:
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
        arrivals = arrivals[together:]
        workspace.build(*BUILD_CARDS, "--vars", "{allow_removed: true}")
    assert workspace.snapshot(CARD_MARTS + BASES) == at_once


def test_a_second_build_and_a_full_refresh_change_nothing(built_sample: Workspace) -> None:
    before = built_sample.snapshot(MARTS + BASES)
    built_sample.build(tests=True)
    assert built_sample.snapshot(MARTS + BASES) == before
    built_sample.build("--full-refresh")
    assert built_sample.snapshot(MARTS + BASES) == before


def test_a_new_month_computes_only_its_own_reference_date(sample: Workspace) -> None:
    held = {}
    for name in ("tb_faturas/tb_faturas_202402.csv", "tb_pagamentos/tb_pagamentos_202403.csv"):
        path = sample.raw / "cartoes" / name
        held[path] = path.read_bytes()
        path.unlink()
    # Without the repeated rows, which touch a month long past, only the new date is new.
    faturas = sample.raw / "cartoes/tb_faturas/tb_faturas_202402.csv"
    held[faturas] = b"\n".join(held[faturas].splitlines()[:-5]) + b"\n"
    sample.build(*BUILD_CARDS)
    with duckdb.connect(str(sample.database)) as con:
        con.execute("update lastro_cartoes.book_faturas_cliente set meses_de_relacionamento = -1")
    for path, content in held.items():
        path.write_bytes(content)
    sample.build(*BUILD_CARDS)
    computed = sample.query(
        "select distinct ref_date from lastro_cartoes.book_faturas_cliente"
        " where meses_de_relacionamento <> -1"
    )
    assert computed == [(date(2024, 3, 1),)]


def test_dates_asked_for_and_dates_that_are_none(sample: Workspace) -> None:
    dates = "select distinct ref_date from lastro_cartoes.book_faturas_carteira order by 1"
    sample.build(*BUILD_CARDS, "--vars", "{ref_dates: [2024-01-01, '2023-06-01']}")
    assert sample.query(dates) == [(date(2023, 6, 1),), (date(2024, 1, 1),)]
    asked = sample.query("from lastro_cartoes.book_faturas_cliente order by all")
    sample.build(*BUILD_CARDS)
    assert len(sample.query(dates)) == 14
    some = "where ref_date in (date '2024-01-01', date '2023-06-01')"
    assert sample.query(f"from lastro_cartoes.book_faturas_cliente {some} order by all") == asked
    sample.build(*BUILD_CARDS, "--vars", "{ref_dates: [2030-01-01]}")
    assert len(sample.query(dates)) == 15
    sample.build(*BUILD_CARDS)
    assert len(sample.query(dates)) == 14
    build = sample.dbt("build", "--vars", "{ref_dates: [2024-02-15]}")
    assert not build.success
    assert "'2024-02-15' is not the first day of a month" in build.output


def test_a_killed_build_is_repaired_by_the_next(sample: Workspace) -> None:
    path = sample.raw / "cartoes/tb_faturas/tb_faturas_202306.csv"
    whole = path.read_bytes()
    shorter = b"\n".join(whole.splitlines()[:-20]) + b"\n"
    expected = {}
    for content in (shorter, whole):
        path.write_bytes(content)
        sample.build(*BUILD_CARDS)
        expected[content] = sample.snapshot(CARD_MARTS + BASES)
    command = [str(Path(sys.executable).with_name("dbt")), "build", *BUILD_CARDS]
    command += ["--target-path", str(sample.target_of())]
    for number, seconds in enumerate((3.0, 4.0, 5.5)):
        content = (shorter, whole)[number % 2]
        path.write_bytes(content)
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | sample.variables(),
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        sample.build(*BUILD_CARDS)
        assert sample.snapshot(CARD_MARTS + BASES) == expected[content], f"killed after {seconds} s"


def test_division_is_exact_on_its_fast_and_on_its_wide_way(workspace: Workspace) -> None:
    cases = [
        ("9999999999999999.99", "3.00"),
        ("99999999.99", "7.00"),
        ("100000000.00", "7.00"),
        ("0.05", "0.10"),
        ("-0.05", "10.00"),
        ("0.04", "10.00"),
        ("1.00", "0.03"),
        ("20.01", "2.00"),
        ("5.00", "9999999999999999.99"),
    ]
    rows = ", ".join(f"({n}::decimal(18, 2), {d}::decimal(18, 2))" for n, d in cases)
    for scale, factor in ((2, 1), (4, 100)):
        sql = workspace.compiled(
            f"select {{{{ divide('n', 'd', {scale}, {factor}, 30) }}}} from (values {rows}) as c (n, d)"
        )
        found = [row[0] for row in duckdb.sql(sql).fetchall()]
        assert found == [
            (factor * Decimal(n) / Decimal(d)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
            for n, d in cases
        ]
