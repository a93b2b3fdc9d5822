"""Landing, as its user sees it: the command, its words, the files, and what a build makes of them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, Workspace
from lastro import land as landing


def land(workspace: Workspace, to: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the raw root of a workspace."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("lastro")), "land", "--to", str(to), *args],
        env=os.environ | {"LASTRO_RAW": str(workspace.raw)},
        cwd=workspace.raw.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def landed_files(to: Path) -> dict[str, float]:
    """Every file below the landed root, hidden ones too, and when it was written."""
    return {
        path.relative_to(to).as_posix(): path.stat().st_mtime_ns for path in to.rglob("*") if path.is_file()
    }


def test_a_build_from_landed_files_equals_one_from_raw_files(
    workspace: Workspace, monkeypatch, tmp_path: Path
) -> None:
    """On the committed sample, with all its defects; the rows, their files and lines, and the fingerprints."""
    workspace.clear()
    workspace.raw.rmdir()
    workspace.raw.symlink_to(PROJECT / "data" / "raw")
    try:
        workspace.build()
        from_raw = workspace.snapshot()
        assert all(from_raw.values())
        result = land(workspace, tmp_path)
        assert (result.returncode, result.stdout) == (
            0,
            f"58 files landed in {tmp_path}, 0 were there, 0 removed\n",
        )
    finally:
        workspace.raw.unlink()
    monkeypatch.setenv("LASTRO_LANDED", str(tmp_path))
    workspace.forget_tables()
    workspace.build(tests=True)
    assert workspace.snapshot() == from_raw


def test_only_what_is_new_is_written_and_what_is_gone_is_removed(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.clear()
    workspace.write_rows("tb_faturas", "202401", [["f1", "c1", "2024-01-05", "2024-01-15", "10.00", "1.00"]])
    workspace.write_rows("tb_faturas", "202402", [["f2", "c1", "2024-02-05", "2024-02-15", "10.00", "1.00"]])
    assert land(workspace, tmp_path).stdout.startswith("2 files landed")
    first = landed_files(tmp_path)
    assert sum("reference_month=2024-01/" in name for name in first) == 1
    assert land(workspace, tmp_path).stdout.startswith("0 files landed")
    again = landed_files(tmp_path)
    assert {name for name in again if again[name] != first.get(name)} == {
        "cartoes/arquivos/tb_faturas.parquet",
        "cartoes/arquivos/tb_pagamentos.parquet",
        "cooperativa/arquivos/associado.parquet",
        "cooperativa/arquivos/cartao.parquet",
        "cooperativa/arquivos/conta.parquet",
        "cooperativa/arquivos/movimentacao_cartao.parquet",
        "mensageria/arquivos/chatbot.parquet",
        "mensageria/arquivos/invoices.parquet",
    }
    (workspace.raw / "cartoes" / "tb_faturas" / "tb_faturas_202401.csv").unlink()
    workspace.write_rows("tb_faturas", "202402", [["f2", "c1", "2024-02-05", "2024-02-15", "11.00", "1.00"]])
    before = landed_files(tmp_path)
    result = land(workspace, tmp_path)
    assert result.returncode == 1
    assert "1 landed files are no longer below" in result.stderr
    assert "tb_faturas_202401.csv for one" in result.stderr
    assert landed_files(tmp_path) == before
    result = land(workspace, tmp_path, "--prune")
    assert result.stdout == f"1 files landed in {tmp_path}, 0 were there, 2 removed\n"
    rows = duckdb.sql(
        f"select id_fatura, valor_fatura from '{tmp_path}/cartoes/tb_faturas/**/*.parquet'"
    ).fetchall()
    assert rows == [("f2", "11.00")]


def rows_that_count(to: Path) -> dict[str, list[tuple]]:
    """What a reader of a landed table sees: the rows of the files that its list names, as they are listed."""
    return {
        table: duckdb.sql(
            f"select * exclude (_landed_at, reference_month) from read_parquet('{to}/cartoes/{table}/*/*.parquet') as row "
            f"join (select source_file, content_hash, raw_rows from '{to}/cartoes/arquivos/{table}.parquet') "
            "as file on row._source_file = file.source_file and row._batch_id = file.content_hash order by all"
        ).fetchall()
        for table in ("tb_faturas", "tb_pagamentos")
    }


def test_a_landing_killed_after_any_step_is_readable_and_is_healed_by_the_next(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(valor: str) -> None:
        workspace.write_rows(
            "tb_faturas", "202401", [["f1", "c1", "2024-01-05", "2024-01-15", valor, "1.00"]]
        )
        workspace.write_rows("tb_pagamentos", "202401", [["p1", "f1", "c1", "2024-01-09", valor]])

    write("10.00")
    workspace.write_rows("tb_faturas", "202402", [["f2", "c1", "2024-02-05", "2024-02-15", "10.00", "1.00"]])
    landing.land(workspace.raw, str(tmp_path / "before"))
    write("11.00")
    landing.land(workspace.raw, str(tmp_path / "after"))
    before, after = rows_that_count(tmp_path / "before"), rows_that_count(tmp_path / "after")
    steps_left = 0

    def dies(action):
        def step(*args):
            nonlocal steps_left
            if steps_left == 0:
                raise KeyboardInterrupt
            steps_left -= 1
            return action(*args)

        return step

    monkeypatch.setattr(landing.Folder, "put", dies(landing.Folder.put))
    monkeypatch.setattr(landing.Folder, "delete", dies(landing.Folder.delete))
    # Two files of rows, four lists, two old files: eight steps.
    for steps in range(8):
        to = tmp_path / str(steps)
        shutil.copytree(tmp_path / "before", to)
        steps_left = steps
        with pytest.raises(KeyboardInterrupt):
            landing.land(workspace.raw, str(to))
        for table, rows in rows_that_count(to).items():
            assert rows in (before[table], after[table]), (steps, table)
        steps_left = 100
        landing.land(workspace.raw, str(to))
        assert rows_that_count(to) == after, steps
        # An old file that was to be removed may stay: no list names it, so it counts no more.
        assert landed_files(to).keys() >= landed_files(tmp_path / "after").keys(), steps


def test_what_is_not_landed_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    workspace.clear()
    workspace.write_rows("tb_faturas", "202401", [["f1", "c1", "2024-01-05", "2024-01-15", "10.00", "1.00"]])
    names = (
        "report.parquet",
        "marketing/exports/report-2024.parquet",
        "cartoes/tb_faturas/backup-20240101.parquet",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"mine")
    assert land(workspace, tmp_path).returncode == 0
    (workspace.raw / "cartoes" / "tb_faturas" / "tb_faturas_202401.csv").unlink()
    workspace.write_rows("tb_faturas", "202402", [["f1", "c1", "2024-01-05", "2024-01-15", "10.00", "1.00"]])
    assert land(workspace, tmp_path, "--prune").stdout.startswith("1 files landed")
    assert [(tmp_path / name).read_bytes() for name in names] == [b"mine"] * 3


def test_rows_that_are_lost_or_lack_a_column_are_landed_again(workspace: Workspace, tmp_path: Path) -> None:
    workspace.clear()
    workspace.write_rows("tb_faturas", "202401", [["f1", "c1", "2024-01-05", "2024-01-15", "10.00", "1.00"]])
    assert land(workspace, tmp_path).returncode == 0
    rows = next(tmp_path.glob("cartoes/tb_faturas/**/*.parquet"))
    rows.unlink()
    assert land(workspace, tmp_path).stdout.startswith("1 files landed")
    assert rows.exists()
    # As a landing leaves it that was made before a column was declared.
    listed = tmp_path / "cartoes" / "arquivos" / "tb_faturas.parquet"
    with duckdb.connect() as con:
        con.execute(f"create table older as select * replace ('id_fatura' as landed_columns) from '{listed}'")
        con.execute(f"copy older to '{listed}' (format parquet)")
    assert land(workspace, tmp_path).stdout.startswith("1 files landed")
    assert land(workspace, tmp_path).stdout.startswith("0 files landed")


def test_a_landed_row_says_where_it_comes_from(workspace: Workspace, tmp_path: Path) -> None:
    """Cells as they are, lines counted as an editor counts them, what is broken kept whole."""
    workspace.clear()
    workspace.write(
        "tb_pagamentos",
        "202401",
        'id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento\n" p1 ","two\nlines",c\'1,05/01/2024,"1,50"\ntoo,few\n',
    )
    assert land(workspace, tmp_path).returncode == 0
    columns = "id_pagamento, id_fatura, id_cliente, data_pagamento, valor_pagamento, _line_number, _raw_row, _row_problem"
    rows = duckdb.sql(
        f"select {columns} from '{tmp_path}/cartoes/tb_pagamentos/**/*.parquet' order by _line_number"
    ).fetchall()
    assert rows == [
        (
            " p1 ",
            "two\nlines",
            "c'1",
            "05/01/2024",
            "1,50",
            2,
            '" p1 ","two\nlines",c\'1,05/01/2024,"1,50"',
            None,
        ),
        (None, None, None, None, None, 4, "too,few", "row:wrong_number_of_columns"),
    ]


def test_a_file_that_cannot_be_trusted_lands_nothing(workspace: Workspace, tmp_path: Path) -> None:
    workspace.clear()
    workspace.write_rows("tb_faturas", "202401", [["f1", "c1", "2024-01-05", "2024-01-15", "10.00", "1.00"]])
    land(workspace, tmp_path)
    before = landed_files(tmp_path)
    workspace.write("tb_faturas", "202402", "id_fatura,id_cliente\nf2,c1\n")
    result = land(workspace, tmp_path)
    assert result.returncode == 1
    assert "tb_faturas_202402.csv, line 1: required column data_emissao" in result.stderr
    assert "Traceback" not in result.stderr
    assert landed_files(tmp_path) == before


def test_no_raw_root_is_an_error_with_what_to_do(workspace: Workspace, tmp_path: Path) -> None:
    workspace.clear()
    workspace.raw.rmdir()
    result = land(workspace, tmp_path / "landed")
    assert result.returncode == 1
    assert "Set LASTRO_RAW to the folder" in result.stderr
    assert not (tmp_path / "landed").exists()


def test_building_before_landing_says_so(workspace: Workspace, monkeypatch, tmp_path: Path) -> None:
    workspace.clear()
    monkeypatch.setenv("LASTRO_LANDED", str(tmp_path / "nothing"))
    build = workspace.dbt("build")
    assert not build.success
    assert f"Run `lastro land --to {tmp_path / 'nothing'}` first" in build.output
