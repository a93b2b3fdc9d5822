"""The sample has the defects that it claims, and the summary shows what was built of it."""

from __future__ import annotations

import csv
import filecmp
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import PROJECT, Workspace

LASTRO = str(Path(sys.executable).with_name("lastro"))


def test_the_committed_sample_is_what_the_generator_writes(tmp_path: Path) -> None:
    subprocess.run([LASTRO, "sample", "--to", str(tmp_path)], check=True, capture_output=True)
    committed = PROJECT / "data" / "raw"
    names = sorted(str(p.relative_to(committed)) for p in committed.rglob("*.*"))
    assert names == sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.*"))
    assert filecmp.cmpfiles(committed, tmp_path, names, shallow=False)[0] == names
    assert sum((committed / name).stat().st_size for name in names) < 2_000_000


def movements_that_came_twice() -> int:
    """Return the number of rows whose key an earlier extract had, because extracts overlap by some days."""
    keys = []
    for path in (PROJECT / "data/raw/cooperativa/movimentacao_cartao").iterdir():
        with path.open(encoding="utf-8", newline="") as file:
            keys += [row["id_movimentacao"] for row in csv.DictReader(file)]
    assert len(keys) > len(set(keys))
    return len(keys) - len(set(keys))


def test_the_sample_has_the_defects_that_the_readme_counts(built_sample: Workspace) -> None:
    """The build finds exactly the defects that scripts/lastro/sample lists; the counts do not come from a build."""
    assert built_sample.query(
        "select table_name, sum(superseded_rows), sum(duplicate_rows), sum(rejected_rows)"
        " from lastro_qualidade.reconciliacao group by 1 order by 1"
    ) == [
        ("associado", 1, 1, 3),
        ("cartao", 0, 0, 0),
        ("chatbot", 0, 2, 7),
        ("conta", 0, 0, 0),
        # Two debts changed; seven files repeat their first line, and two debts came again. Nine faults in each of seven
        # files, another client's id, a short line, two broken objects, a long line, one that came back as it was, and
        # a prescribed debt of the client whose policy refuses them.
        ("dividas", 2, 9, 7 * 9 + 1 + 1 + 2 + 1 + 1 + 1),
        ("eventos_lote", 1, 1, 5),
        ("fechamentos", 0, 0, 0),
        ("invoices", 0, 3, 6),
        ("lacunas", 0, 0, 0),
        ("movimentacao_cartao", 0, movements_that_came_twice(), 2),
        # Two copies; one that is not JSON, one without customer, one without a time, one of the year 2098.
        ("notifications", 0, 2, 4),
        ("tb_faturas", 3, 5, 18),
        ("tb_pagamentos", 0, 2, 6),
        ("verificacoes", 0, 0, 0),
    ]
    assert built_sample.query(
        "select count(*) from lastro_cartoes.fct_pagamentos where not fatura_conhecida"
    ) == [(2,)]
    assert built_sample.query(
        "select count(*) from lastro_qualidade.reconciliacao where extra_columns = 'canal'"
    ) == [(2,)]
    assert built_sample.query(
        "select status, count(*), count(concluido_em) from lastro_recebimento.lotes group by 1 order by 1"
    ) == [
        ("cancelado", 2, 2),
        ("concluido", 16, 4),
        ("concluido_com_rejeicoes", 10, 8),
        ("duplicado", 2, 2),
        ("recusado", 3, 0),
    ]
    assert built_sample.query(
        "select count(*) from lastro_recebimento.lotes where is_current and linhas_recebidas <> linhas_com_falha"
        " + linhas_processadas"
    ) == [(0,)]


def test_sample_refuses_to_mix_with_other_files(tmp_path: Path) -> None:
    other = tmp_path / "cartoes" / "tb_faturas" / "tb_faturas_202401.csv"
    other.parent.mkdir(parents=True)
    other.write_text("mine")
    done = subprocess.run([LASTRO, "sample", "--to", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "already has files" in done.stderr
    assert other.read_text() == "mine"
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [other]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--clients", "0"], "--clients"),
        (["--months", "0"], "--months"),
        (["--start", "2024-13"], "--start"),
        ([], "--to"),
    ],
)
def test_sample_names_the_argument_that_is_wrong(tmp_path: Path, arguments: list, word: str) -> None:
    out = ["--to", str(tmp_path)] if arguments else []
    done = subprocess.run([LASTRO, "sample", *out, *arguments], capture_output=True, text=True)
    assert done.returncode == 2
    assert word in done.stderr
    assert not list(tmp_path.iterdir())


def test_summary_says_what_was_built_and_what_is_missing(built_sample: Workspace, tmp_path: Path) -> None:
    missing = subprocess.run(
        [LASTRO, "summary", "--database", str(tmp_path / "no.duckdb")],
        capture_output=True,
        text=True,
    )
    assert missing.returncode == 1
    assert "Run `make build` first" in missing.stderr
    done = subprocess.run(
        [LASTRO, "summary", "--database", str(built_sample.database)],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    for words in ("tb_faturas", "documento_devedor:not_a_document", "paga_em_atraso", "U12M", "gaivota"):
        assert words in done.stdout
