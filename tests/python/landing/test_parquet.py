"""Raw Parquet files are listed, counted and read in place, and not rewritten."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import Workspace, is_old
from lastro.contract import RawTable, read_contract
from lastro.landing import land, views
from lastro.landing.land import RefusedFiles
from lastro.landing.stores import Bucket, Folder

PAGAMENTOS = "id_pagamento, id_fatura, id_cliente, data_pagamento, valor_pagamento"


@pytest.fixture
def contract(monkeypatch: pytest.MonkeyPatch) -> list[RawTable]:
    """Return the project's contract, with payments as Parquet."""
    tables = [
        replace(table, path="cartoes/tb_pagamentos/tb_pagamentos_{YYYYMM}.parquet")
        if table.name == "tb_pagamentos"
        else table
        for table in read_contract()
    ]
    for module in (land, views):
        monkeypatch.setattr(module, "read_contract", lambda: tables)
    return tables


def write(workspace: Workspace, period: str, columns: str, *rows: str) -> Path:
    path = workspace.raw / "cartoes/tb_pagamentos" / f"tb_pagamentos_{period}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    duckdb.sql(f"select * from (values {', '.join(rows)}) as t ({columns})").write_parquet(str(path))
    return path


def test_parquet_is_its_own_landed_form(workspace: Workspace, contract: list[RawTable]) -> None:
    workspace.write_rows("tb_faturas", "202401", [["f1", "c1", "2024-01-05", "2024-01-15", "10.00", "1.00"]])
    write(workspace, "202401", PAGAMENTOS, "('p1', 'f1', 'c1', '2024-01-09', '4.00')")
    write(
        workspace,
        "202402",
        f"canal, {PAGAMENTOS}",
        "('x', 'p2', 'f1', 'c1', '2024-02-09', '6.50')",
        "('x', 'p3', 'f1', 'c1', '2024-02-10', 'nothing')",
    )
    workspace.build("-s", "+fct_faturas", "+reconciliacao", "+quarentena", tests=True)
    links = list(workspace.landed.rglob("cartoes/tb_pagamentos/**/*.parquet"))
    assert len(links) == 2 and all(link.is_symlink() for link in links)
    assert workspace.query("select valor_pago from lastro_cartoes.fct_faturas") == [(Decimal("10.50"),)]
    assert workspace.query(
        "select source_file, raw_rows, accepted_rows, rejected_rows, raw_amount, unreadable_amount_rows,"
        " difference_rows, difference_amount, extra_columns"
        " from lastro_qualidade.reconciliacao where table_name = 'tb_pagamentos' order by 1"
    ) == [
        ("cartoes/tb_pagamentos/tb_pagamentos_202401.parquet", 1, 1, 0, Decimal("4.00"), 0, 0, 0, None),
        ("cartoes/tb_pagamentos/tb_pagamentos_202402.parquet", 2, 1, 1, Decimal("6.50"), 1, 0, 0, "canal"),
    ]
    [(line, reasons, text)] = workspace.query(
        "select line_number, reasons, raw_row from lastro_qualidade.quarentena"
    )
    assert (line, reasons) == (2, "valor_pagamento:not_a_number")
    assert json.loads(text) == dict(
        zip(PAGAMENTOS.split(", "), ["p3", "f1", "c1", "2024-02-10", "nothing"], strict=True)
    )
    write(workspace, "202402", PAGAMENTOS, "('p2', 'f1', 'c1', '2024-02-09', '7.50')")
    workspace.build("-s", "+fct_faturas")
    assert workspace.query("select valor_pago from lastro_cartoes.fct_faturas") == [(Decimal("11.50"),)]


def test_a_bucket_gets_the_rows_of_parquet_in_the_form_of_all_others(
    workspace: Workspace,
    contract: list[RawTable],
    bucket: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A bucket gets Parquet rows in the landed form, because Athena cannot open the raw file."""
    rows = (
        "('p1', 'f1', 'c1', timestamptz '2024-01-09 01:30:00+00', 4.00)",
        "('p2', null, 'c1', null, 0.10)",
    )
    is_old(write(workspace, "202401", PAGAMENTOS, *rows))
    is_old(
        workspace.write_rows("tb_faturas", "202401", [["f1", "c1", "2024-01-05", "2024-01-15", "10", "1"]])
    )
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    assert land.land(workspace.raw, Bucket(bucket)).landed == 2
    assert land.land(workspace.raw, Bucket(bucket)).already_there == 2
    shapes = {}
    for name in Bucket(bucket).names():
        Bucket(bucket).fetch(name, tmp_path / "rows.parquet")
        found = duckdb.read_parquet(str(tmp_path / "rows.parquet"))
        shapes[name.split("/")[1]] = list(zip(found.columns, map(str, found.types), strict=True))
        if "tb_pagamentos" in name:
            landed = found.project(f"{PAGAMENTOS}, _line_number, _raw_row").order("_line_number").fetchall()
    declared = [
        column.name for table in contract if table.name == "tb_pagamentos" for column in table.columns
    ]
    lineage = [column for column in shapes["tb_faturas"] if column[0].startswith("_")]
    assert shapes["tb_pagamentos"] == [(name, "VARCHAR") for name in declared] + lineage
    said = [json.loads(row[-1]) for row in landed]
    assert [row[:-1] for row in landed] == [
        ("p1", "f1", "c1", "2024-01-09 01:30:00+00", "4.00", 1),
        ("p2", None, "c1", None, "0.10", 2),
    ]
    assert [row["id_pagamento"] for row in said] == ["p1", "p2"]


def test_parquet_that_cannot_be_trusted_is_refused(
    workspace: Workspace, contract: list[RawTable], tmp_path: Path
) -> None:
    write(workspace, "202401", "id_pagamento, id_fatura", "('p1', 'f1')")
    broken = write(workspace, "202402", PAGAMENTOS, "('p1', 'f1', 'c1', '2024-01-09', '4.00')")
    broken.write_bytes(broken.read_bytes()[:-20])
    with pytest.raises(RefusedFiles) as refusal:
        land.land(workspace.raw, Folder(tmp_path / "landed"))
    said = str(refusal.value)
    assert "202401.parquet: required column id_cliente, data_pagamento, valor_pagamento is missing" in said
    assert "202402.parquet: it is not a complete Parquet file. Request it again." in said
