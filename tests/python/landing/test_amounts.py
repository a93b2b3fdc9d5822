"""The SQL that types amounts and the counter that adds them up agree with one handwritten table."""

from __future__ import annotations

from decimal import Decimal

import duckdb
from conftest import Workspace
from lastro.landing.count import _sum

AMOUNTS = {
    "1234.56": "1234.56",
    " 1234.56 ": "1234.56",
    "1234": "1234.00",
    "-0.5": "-0.50",
    "1.234,56": "1234.56",
    "1234,5": "1234.50",
    "-1.234.567,89": "-1234567.89",
    "R$ 11002.50": "11002.50",
    "R$1.234,56": "1234.56",
    "R$\u00a01.234,56": "1234.56",
    "-R$ 10,00": "-10.00",
    "R$ -10,00": "-10.00",
    "11 002,50": "11002.50",
    "11\u00a0002,50": "11002.50",
    "11\u202f002,50": "11002.50",
    "1\u2009234\u2009567,89": "1234567.89",
    "\u00a012,00\u00a0": "12.00",
    "R$ 12": "12.00",
    "0000000000000012.00": "12.00",
    "999999999999.99": "999999999999.99",
    "999.999.999.999,99": "999999999999.99",
    "1000000000000.00": None,
    "9999999999999999.99": None,
    "1.000.000.000.000,00": None,
    "(1.234,56)": None,
    "1.234": None,
    "1,234.56": None,
    "12.34,56": None,
    "1 23,45": None,
    "11 002.50": None,
    "1.005": None,
    "1e3": None,
    "--1": None,
    "-R$ -1,00": None,
    "1-": None,
    "R$": None,
    "US$ 1,00": None,
    "": None,
    " ": None,
    "NaN": None,
    "\u0661\u0662": None,
}


def test_amounts_are_read_alike_by_the_sql_and_by_the_counter(workspace: Workspace) -> None:
    expected = [amount and Decimal(amount) for amount in AMOUNTS.values()]
    sql = workspace.compiled("select {{ parse_amount('cell') }} from (select unnest($cells) as cell)")
    assert [row[0] for row in duckdb.execute(sql, {"cells": list(AMOUNTS)}).fetchall()] == expected
    for cell, amount in AMOUNTS.items():
        cents, unreadable = _sum([cell])
        assert (Decimal(cents) / 100, unreadable) == (Decimal(amount or 0), int(amount is None)), repr(cell)


def test_what_is_not_an_amount_is_refused_by_name(workspace: Workspace) -> None:
    lines = {
        "R$ 1.234,56": None,
        "9999999999999999.99": "valor_fatura:out_of_range",
        "9.999.999.999.999.999,99": "valor_fatura:out_of_range",
        "(1.234,56)": "valor_fatura:not_a_number",
        "1.234": "valor_fatura:not_a_number",
    }
    rows = [[f"f{n}", "c", "2024-01-05", "2024-01-15", cell, ""] for n, cell in enumerate(lines)]
    workspace.write_rows("tb_faturas", "202401", rows)
    workspace.build("-s", "+reconciliacao", "+quarentena", tests=True)
    found = workspace.query(
        "select valor_fatura, reasons from lastro_cartoes.base_cartoes__faturas order by line_number"
    )
    assert found == [(Decimal("1234.56") if reason is None else None, reason) for reason in lines.values()]
    assert workspace.query(
        "select raw_amount, unreadable_amount_rows, difference_unreadable_rows, difference_amount"
        " from lastro_qualidade.reconciliacao"
    ) == [(Decimal("1234.56"), 4, 0, 0)]


def test_a_date_far_from_the_period_of_its_file_is_refused(workspace: Workspace) -> None:
    """A date is accepted up to 731 days after its file's period: for January 2024, up to 2026-01-01."""
    workspace.write_rows(
        "tb_faturas",
        "202401",
        [
            ["f1", "c", "2026-01-01", "2026-01-15", "1.00", ""],
            ["f2", "c", "2026-01-02", "2026-01-15", "1.00", ""],
            ["f3", "c", "1999-01-02", "2034-01-15", "1.00", ""],
        ],
    )
    workspace.write_rows("tb_pagamentos", "202401", [["p1", "f1", "c", "2034-01-01", "1.00"]])
    workspace.build("-s", "+quarentena")
    assert workspace.query("select raw_row, reasons from lastro_qualidade.quarentena order by 1") == [
        ("f2,c,2026-01-02,2026-01-15,1.00,", "data_emissao:after_period"),
        ("p1,f1,c,2034-01-01,1.00", "data_pagamento:after_period"),
    ]
