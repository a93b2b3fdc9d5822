"""The same content in many layouts gives one result, and a file that cannot work is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import MARTS, Tables, Workspace
from lastro.landing.land import RefusedFiles, land
from lastro.landing.stores import Folder

FATURAS = """id_fatura,id_cliente,data_emissao,data_vencimento,valor_fatura,valor_pagamento_minimo
1-1,007,2024-01-05,2024-01-15,1234.56,100.00
2-1,008,2024-01-06,2024-01-16,99.90,
"""
PAGAMENTOS = """id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento
p1,1-1,007,2024-01-10,1234.56
"""

WORKING_LAYOUTS = {
    "crlf": FATURAS.replace("\n", "\r\n"),
    "cr": FATURAS.replace("\n", "\r"),
    "mixed line ends": FATURAS.replace("\n", "\r\n", 2),
    "no line end at the end": FATURAS.rstrip("\n"),
    "bom": "\ufeff" + FATURAS,
    "semicolon": FATURAS.replace(",", ";"),
    "pipe": FATURAS.replace(",", "|"),
    "tab": FATURAS.replace(",", "\t"),
    "blank lines": "\n" + FATURAS.replace("\n", "\n\n") + "  \n",
    "upper case header": FATURAS.replace(FATURAS.splitlines()[0], FATURAS.splitlines()[0].upper()),
    "blanks around cells": FATURAS.replace(",", " , "),
    "all quoted": "\n".join(
        ",".join(f'"{cell}"' for cell in line.split(",")) for line in FATURAS.splitlines()
    ),
    "decimal commas": FATURAS.replace(",", ";")
    .replace("1234.56", "1.234,56")
    .replace("100.00", "100,00")
    .replace("99.90", "99,9"),
    "dates day first": FATURAS.replace("2024-01-05", "05/01/2024")
    .replace("2024-01-15", "15/01/2024")
    .replace("2024-01-06", "06/01/2024")
    .replace("2024-01-16", "16/01/2024"),
    "other order": "\n".join(",".join(reversed(line.split(","))) for line in FATURAS.splitlines()),
    "optional column left out": "\n".join(
        line.rsplit(",", 1)[0] for line in FATURAS.replace("100.00", "").splitlines()
    ),
}


def result(built: Tables) -> list[tuple]:
    return built.query(
        "select id_fatura, id_cliente, data_emissao, data_vencimento, valor_fatura,"
        " valor_pagamento_minimo, valor_pago from lastro_cartoes.fct_faturas order by 1"
    )


@pytest.mark.parametrize("layout", WORKING_LAYOUTS)
def test_layouts_that_just_work(workspace: Workspace, quick: Callable[..., Tables], layout: str) -> None:
    text = WORKING_LAYOUTS[layout]
    workspace.write("tb_faturas", "202401", text)
    workspace.write("tb_pagamentos", "202401", PAGAMENTOS)
    built = quick("fct_faturas", "reconciliacao")
    minimum = None if layout == "optional column left out" else Decimal("100.00")
    assert result(built) == [
        (
            "1-1",
            "007",
            date(2024, 1, 5),
            date(2024, 1, 15),
            Decimal("1234.56"),
            minimum,
            Decimal("1234.56"),
        ),
        (
            "2-1",
            "008",
            date(2024, 1, 6),
            date(2024, 1, 16),
            Decimal("99.90"),
            None,
            Decimal("0.00"),
        ),
    ]
    assert built.query(
        "select raw_rows, accepted_rows, difference_rows, raw_amount, difference_amount"
        " from lastro_qualidade.reconciliacao where table_name = 'tb_faturas'"
    ) == [(2, 2, 0, Decimal("1334.46"), Decimal("0.00"))]


def test_files_of_many_layouts_in_one_build(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    for month, text in enumerate(WORKING_LAYOUTS.values()):
        workspace.write("tb_faturas", f"{2023 + month // 12}{month % 12 + 1:02d}", text)
    built = quick("reconciliacao")
    assert built.query(
        "select count(*), sum(raw_rows), sum(rejected_rows), sum(difference_rows),"
        " sum(difference_amount) from lastro_qualidade.reconciliacao"
    ) == [(len(WORKING_LAYOUTS), 2 * len(WORKING_LAYOUTS), 0, 0, 0)]


def test_unknown_columns_are_kept_and_reported(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    lines = FATURAS.splitlines()
    text = f'{lines[0]},"canal de ""venda""",\n{lines[1]},"a, b",x\n{lines[2]},,\n'
    workspace.write("tb_faturas", "202401", text)
    built = quick("reconciliacao")
    kept = built.query("select extra_columns from lastro_cartoes.base_cartoes__faturas order by line_number")
    assert [json.loads(row[0]) for row in kept] == [
        {'canal de "venda"': "a, b", "column_8": "x"},
        {'canal de "venda"': "", "column_8": ""},
    ]
    assert built.query("select extra_columns from lastro_qualidade.reconciliacao") == [
        ('canal de "venda", column_8',)
    ]


def test_header_only_file_has_no_rows(workspace: Workspace, quick: Callable[..., Tables]) -> None:
    workspace.write("tb_faturas", "202401", FATURAS)
    workspace.write("tb_pagamentos", "202401", PAGAMENTOS.splitlines()[0])
    built = quick("reconciliacao")
    assert built.query(
        "select raw_rows, raw_amount, difference_rows from lastro_qualidade.reconciliacao"
        " where table_name = 'tb_pagamentos'"
    ) == [(0, 0, 0)]


REFUSED = {
    "missing column": (
        "tb_faturas_202402.csv",
        FATURAS.replace("data_vencimento", "vencimento"),
        [
            "tb_faturas_202402.csv, line 1",
            "required column data_vencimento is missing",
            "vencimento",
        ],
    ),
    "missing column below blank lines": (
        "tb_faturas_202402.csv",
        "\n\n" + FATURAS.replace("valor_fatura,", "valor,"),
        ["tb_faturas_202402.csv, line 3", "required column valor_fatura is missing"],
    ),
    "column twice": (
        "tb_faturas_202402.csv",
        FATURAS.replace("valor_pagamento_minimo", "valor_fatura"),
        ["tb_faturas_202402.csv, line 1", "valor_fatura appears twice"],
    ),
    "empty file": (
        "tb_faturas_202402.csv",
        "",
        ["tb_faturas_202402.csv, line 1", "the file is empty"],
    ),
    "only blank lines": (
        "tb_faturas_202402.csv",
        "\n \n",
        ["tb_faturas_202402.csv, line 1", "the file is empty"],
    ),
    "other name": (
        "tb_faturas_fevereiro.csv",
        FATURAS,
        ["tb_faturas_fevereiro.csv", "the name does not match", "{YYYYMM}"],
    ),
    "month 13": (
        "tb_faturas_202413.csv",
        FATURAS,
        ["tb_faturas_202413.csv", "the name does not match", "{YYYYMM}"],
    ),
    "neither UTF-8 nor Windows-1252": (
        "tb_faturas_202402.csv",
        FATURAS.encode().replace(b"007", b"jo\x9do"),
        ["tb_faturas_202402.csv", "line 2: byte 0x9D", "neither utf-8 nor cp1252"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_files_that_are_refused(tmp_path: Path, case: str) -> None:
    name, content, words = REFUSED[case]
    path = tmp_path / "raw" / "cartoes" / "tb_faturas" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RefusedFiles) as refusal:
        land(tmp_path / "raw", Folder(tmp_path / "landed"))
    for word in words:
        assert word in str(refusal.value)


def test_a_refused_file_stops_the_build_before_any_mart(workspace: Workspace) -> None:
    workspace.write("tb_faturas", "202401", FATURAS)
    workspace.write("tb_pagamentos", "202401", PAGAMENTOS)
    workspace.build("-s", "tag:cartoes")
    marts = [table for table in MARTS if table.startswith("lastro_cartoes")]
    before = workspace.snapshot(marts)
    workspace.write("tb_faturas", "202402", "id_fatura\n1\n")
    build = workspace.dbt("build")
    assert not build.success
    assert "tb_faturas_202402.csv, line 1: required column id_cliente, data_emissao" in build.output
    assert workspace.snapshot(marts) == before


def test_file_in_a_folder_that_nobody_reads(workspace: Workspace) -> None:
    workspace.write("tb_faturas", "202401", FATURAS)
    stray = workspace.raw / "cartoes" / "tb_faturas_202402.csv"
    stray.write_text(FATURAS)
    build = workspace.dbt("build")
    assert not build.success
    assert "cartoes/tb_faturas_202402.csv: no raw table is read from this folder" in build.output


def test_raw_root_that_is_not_there(workspace: Workspace) -> None:
    build = workspace.dbt("build")
    assert not build.success
    assert "No files under" in build.output
    assert "LASTRO_RAW" in build.output
