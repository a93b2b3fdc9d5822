"""Landing as its user sees it: the command, its messages, the files, and the builds on them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT, Workspace, is_old
from lastro.landing import land as landing
from lastro.landing.land import LIST, RefusedFiles, landed_folder
from lastro.landing.stores import Bucket, Folder

INVOICE = ["f1", "c1", "2024-01-05", "2024-01-15", "10.00", "1.00"]


def run(workspace: Workspace, *args: str) -> subprocess.CompletedProcess[str]:
    """Run the command on a workspace as a user does."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("lastro")), "land", *args],
        env=os.environ | workspace.variables(),
        cwd=workspace.raw.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def landed_files(to: Path) -> dict[str, float]:
    """Return every file under the landed root that is not hidden, with its modification time."""
    return {
        path.relative_to(to).as_posix(): path.stat().st_mtime_ns
        for path in to.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def rows_that_count(to: Path) -> dict[str, list[tuple]]:
    """Return what a reader of a landed table sees: the rows of the listed files."""
    return {
        table: duckdb.sql(
            f"select row.* exclude (file_id), file.source_file from read_parquet('{to}/cartoes/{table}/*/*.parquet') as row"
            f" join '{to}/{LIST}' as file on row.file_id = file.file_id order by all"
        ).fetchall()
        for table in ("tb_faturas", "tb_pagamentos")
    }


def test_the_command_and_dbt_land_the_same(sample: Workspace) -> None:
    for path in sample.raw.rglob("*.*"):
        is_old(path)
    result = run(sample)
    folder = landed_folder(sample.raw, sample.landed)
    assert (result.returncode, result.stdout) == (
        0,
        f"109 files landed in {folder}, 0 already there, 0 removed\n",
    )
    before = landed_files(sample.landed)
    sample.build("-s", "+reconciliacao")
    assert landed_files(sample.landed) == before, "dbt reread files that were already landed"
    sample.build("-s", "+reconciliacao")
    assert landed_files(sample.landed) == before
    [(rows, landed)] = sample.query(
        "select (select sum(raw_rows) from lastro_qualidade.reconciliacao),"
        " (select sum(landed_rows) from lastro_landed.arquivos)"
    )
    # 5068 of the other domains; 146 debts, and the 47 events of their eleven batches; 209 messages, a closing, a gap.
    assert rows == landed == 5068 + 146 + 47 + 209 + 1 + 1


def test_only_what_is_new_is_written_and_what_is_gone_is_removed(
    workspace: Workspace, tmp_path: Path
) -> None:
    january = workspace.write_rows("tb_faturas", "202401", [INVOICE])
    february = workspace.write_rows("tb_faturas", "202402", [INVOICE])
    is_old(january)
    is_old(february)
    to = ("--to", str(tmp_path))
    assert run(workspace, *to).stdout.startswith("2 files landed")
    first = landed_files(tmp_path)
    assert run(workspace, *to).stdout.startswith("0 files landed")
    assert landed_files(tmp_path) == first
    january.unlink()
    workspace.write_rows("tb_faturas", "202402", [[*INVOICE[:4], "11.00", ""]])
    result = run(workspace, *to)
    assert result.returncode == 1
    assert (
        "tb_faturas_202401.csv: the file is gone. If that is intended, run `lastro land --prune`"
        in result.stderr
    )
    assert landed_files(tmp_path) == first
    result = run(workspace, *to, "--prune")
    assert result.stdout == f"1 files landed in {tmp_path}, 0 already there, 2 removed\n"
    rows = duckdb.sql(
        f"select id_fatura, valor_fatura from '{tmp_path}/cartoes/tb_faturas/**/*.parquet'"
    ).fetchall()
    assert rows == [("f1", "11.00")]
    assert len(landed_files(tmp_path)) == 2


def test_a_file_that_changes_right_after_it_was_read_is_read_again(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the clock of its disk is too coarse to tell: size and time are as they were."""
    path = workspace.write_rows("tb_faturas", "202401", [INVOICE])
    written = path.stat().st_mtime_ns
    landing.land(workspace.raw, Folder(tmp_path))
    path.write_text(path.read_text().replace("10.00", "11.00"))
    os.utime(path, ns=(written, written))
    later = landing.time.time_ns() + 3_600_000_000_000
    monkeypatch.setattr(landing.time, "time_ns", lambda: later)
    assert landing.land(workspace.raw, Folder(tmp_path)).landed == 1
    assert landing.land(workspace.raw, Folder(tmp_path)).already_there == 1


def test_a_landing_killed_after_any_step_is_readable_and_is_healed_by_the_next(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def land(to: Path) -> None:
        landing.land(workspace.raw, Folder(to))

    def write(valor: str) -> None:
        workspace.write_rows("tb_faturas", "202401", [[*INVOICE[:4], valor, "1.00"]])
        workspace.write_rows("tb_pagamentos", "202401", [["p1", "f1", "c1", "2024-01-09", valor]])

    write("10.00")
    is_old(workspace.write_rows("tb_faturas", "202402", [["f2", *INVOICE[1:]]]))
    land(tmp_path / "before")
    write("11.00")
    land(tmp_path / "after")
    before, after = rows_that_count(tmp_path / "before"), rows_that_count(tmp_path / "after")
    assert before != after
    steps_left = 0

    def dies(action):
        def step(*args):
            nonlocal steps_left
            if steps_left == 0:
                raise KeyboardInterrupt
            steps_left -= 1
            return action(*args)

        return step

    for name in ("put", "commit", "delete"):
        monkeypatch.setattr(landing.Folder, name, dies(getattr(landing.Folder, name)))
    # Six steps: two files of rows, the list and its own put, two old files.
    for steps in range(6):
        to = tmp_path / str(steps)
        shutil.copytree(tmp_path / "before", to)
        steps_left = steps
        with pytest.raises(KeyboardInterrupt):
            land(to)
        assert rows_that_count(to) in (before, after), steps
        steps_left = 100
        land(to)
        assert rows_that_count(to) == after, steps


def test_what_is_not_landed_is_left_alone(workspace: Workspace, tmp_path: Path) -> None:
    path = workspace.write_rows("tb_faturas", "202401", [INVOICE])
    names = (
        "report.parquet",
        "marketing/exports/report-2024.parquet",
        "cartoes/tb_faturas/backup-20240101.parquet",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"mine")
    assert run(workspace, "--to", str(tmp_path)).returncode == 0
    path.unlink()
    workspace.write_rows("tb_faturas", "202402", [INVOICE])
    assert run(workspace, "--to", str(tmp_path), "--prune").stdout.startswith("1 files landed")
    assert [(tmp_path / name).read_bytes() for name in names] == [b"mine"] * 3


def test_rows_that_are_lost_or_were_read_by_other_code_are_landed_again(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_old(workspace.write_rows("tb_faturas", "202401", [INVOICE]))
    land = lambda: landing.land(workspace.raw, Folder(tmp_path)).landed  # noqa: E731
    assert (land(), land()) == (1, 0)
    rows = next(tmp_path.glob("cartoes/tb_faturas/**/*.parquet"))
    rows.unlink()
    assert (land(), land()) == (1, 0)
    assert rows.exists()
    monkeypatch.setattr(landing.reader, "version", lambda table: "another")
    assert (land(), land()) == (1, 0)
    assert not rows.exists()
    # A list from another version of Lastro is ignored.
    duckdb.sql("select 1 as something").write_parquet(str(tmp_path / LIST))
    assert (land(), land()) == (1, 0)


def test_a_landed_row_says_where_it_comes_from(workspace: Workspace, tmp_path: Path) -> None:
    """Cells land unchanged, lines are numbered as in an editor, and text that cells cannot restore is kept."""
    workspace.write(
        "tb_pagamentos",
        "202401",
        'id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento\n" p1 ","two\nlines",c\'1,05/01/2024,"1,50"\ntoo,few\np3,,c,x,1\n',
    )
    landing.land(workspace.raw, Folder(tmp_path))
    columns = "id_pagamento, id_fatura, id_cliente, data_pagamento, valor_pagamento, _line_number, _raw_row, _row_problem, _delimiter"
    rows = duckdb.sql(
        f"select {columns} from '{tmp_path}/cartoes/tb_pagamentos/**/*.parquet' order by _line_number"
    ).fetchall()
    quoted = '" p1 ","two\nlines",c\'1,05/01/2024,"1,50"'
    assert rows == [
        (" p1 ", "two\nlines", "c'1", "05/01/2024", "1,50", 2, quoted, None, ","),
        (None, None, None, None, None, 4, "too,few", "row:wrong_number_of_columns", ","),
        ("p3", "", "c", "x", "1", 5, None, None, ","),
    ]
    workspace.build("-s", "+quarentena")
    assert workspace.query(
        "select line_number, raw_row from lastro_qualidade.quarentena order by line_number"
    ) == [(4, "too,few"), (5, "p3,,c,x,1")]


def test_files_that_cannot_be_trusted_are_all_named_and_land_nothing(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.write_rows("tb_faturas", "202401", [INVOICE])
    landing.land(workspace.raw, Folder(tmp_path))
    before = landed_files(tmp_path)
    workspace.write("tb_faturas", "202402", "id_fatura,id_cliente\nf2,c1\n")
    workspace.write("tb_pagamentos", "202402", b"id_pagamento\n\x9d\n")
    result = run(workspace, "--to", str(tmp_path))
    assert result.returncode == 1
    assert "2 of the files under" in result.stderr
    assert "tb_faturas_202402.csv, line 1: required column data_emissao" in result.stderr
    assert "tb_pagamentos_202402.csv, line 2: byte 0x9D is neither utf-8 nor cp1252" in result.stderr
    assert "Traceback" not in result.stderr
    assert landed_files(tmp_path) == before


def test_going_on_without_a_refused_file_counts_its_rows(workspace: Workspace) -> None:
    workspace.write_rows("tb_faturas", "202401", [INVOICE])
    workspace.write("tb_faturas", "202402", "id_fatura,id_cliente,valor_fatura\nf2,c1,7.50\nf3,c1,x\n")
    select = ("--select", "+fct_faturas", "+reconciliacao")
    assert not workspace.dbt("build", *select).success
    build = workspace.dbt("build", *select, "--exclude", "tag:audit", "--vars", "{skip_refused: true}")
    assert build.success, build.output
    assert "warn_refused_files" in build.output
    assert workspace.query(
        "select source_file, raw_rows, accepted_rows, refused_rows, refused_amount::varchar,"
        " unreadable_amount_rows, problem is not null from lastro_qualidade.reconciliacao order by 1"
    ) == [
        ("cartoes/tb_faturas/tb_faturas_202401.csv", 1, 1, 0, "0.00", 0, False),
        ("cartoes/tb_faturas/tb_faturas_202402.csv", 2, 0, 2, "7.50", 1, True),
    ]
    workspace.write_rows("tb_faturas", "202402", [["f2", *INVOICE[1:]]])
    workspace.build("--select", "+fct_faturas")
    assert workspace.query("select count(*) from lastro_cartoes.fct_faturas") == [(2,)]


def test_a_file_that_is_gone_stops_the_build_unless_it_is_said(workspace: Workspace) -> None:
    """A root one level too low, or a folder that is empty today, empties no mart."""
    workspace.write_rows("tb_faturas", "202401", [INVOICE])
    gone = workspace.write_rows("tb_faturas", "202402", [["f2", *INVOICE[1:]]])
    workspace.build("-s", "+fct_faturas")
    gone.unlink()
    build = workspace.dbt("build", "-s", "+fct_faturas")
    assert not build.success
    assert "tb_faturas_202402.csv: the file is gone" in build.output
    assert workspace.query("select count(*) from lastro_cartoes.fct_faturas") == [(2,)]
    workspace.build("-s", "+fct_faturas", "--vars", "{allow_removed: true}")
    assert workspace.query("select count(*) from lastro_cartoes.fct_faturas") == [(1,)]
    workspace.build("-s", "+fct_faturas")


def test_a_folder_that_cannot_be_read_is_no_empty_one(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.write_rows("tb_faturas", "202401", [INVOICE])
    honest = os.scandir

    def scandir(path: str):
        if Path(path).name == "tb_faturas":
            raise PermissionError(13, "Permission denied", str(path))
        return honest(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(PermissionError):
        landing.land(workspace.raw, Folder(tmp_path / "landed"))


def test_no_raw_root_is_an_error_with_what_to_do(workspace: Workspace, tmp_path: Path) -> None:
    workspace.raw.rmdir()
    result = run(workspace, "--to", str(tmp_path / "landed"))
    assert result.returncode == 1
    assert "Set LASTRO_RAW to the folder" in result.stderr
    assert not (tmp_path / "landed").exists()
    workspace.raw.mkdir()


def test_two_landings_at_once_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write_rows("tb_faturas", "202401", [INVOICE])
    with Folder(tmp_path).landing():
        result = run(workspace, "--to", str(tmp_path))
    assert result.returncode == 1
    assert "another landing is running there" in result.stderr
    assert run(workspace, "--to", str(tmp_path)).returncode == 0


def test_a_bucket_is_landed_as_a_folder_is(workspace: Workspace, tmp_path: Path, bucket: str) -> None:
    """A bucket lands like a folder. Of two landings at once, the second to finish is refused and the first stands."""
    old = workspace.write_rows("tb_faturas", "202401", [INVOICE])
    is_old(old)
    landing.land(workspace.raw, Folder(tmp_path))
    first, second = Bucket(f"{bucket}/landed"), Bucket(f"{bucket}/landed/")
    assert landing.land(workspace.raw, first).landed == 1
    assert landing.land(workspace.raw, Bucket(f"{bucket}/landed")).already_there == 1
    assert first.names() == Folder(tmp_path).names()
    # Both fetch the same list. One commits, then the other tries.
    for store in (first, second):
        assert store.fetch(LIST, tmp_path / "list.parquet")
    first.commit(tmp_path / "list.parquet", LIST)
    shutil.copy(tmp_path / LIST, tmp_path / "other.parquet")
    duckdb.sql("select 1 as other").write_parquet(str(tmp_path / "other.parquet"))
    first.fetch(LIST, tmp_path / "list.parquet")
    first.commit(tmp_path / "other.parquet", LIST)
    with pytest.raises(BlockingIOError, match="another landing is running"):
        second.commit(tmp_path / "list.parquet", LIST)


def test_a_database_keeps_to_its_raw_root(sample: Workspace, tmp_path: Path, monkeypatch) -> None:
    sample.build("-s", "+int_cartoes__reconciliacao")
    before = sample.snapshot(["lastro_cartoes.int_cartoes__reconciliacao"])
    other = tmp_path / "other"
    shutil.copytree(sample.raw / "cartoes", other / "cartoes")
    monkeypatch.setattr(sample, "raw", other)
    build = sample.dbt("build", "-s", "+int_cartoes__reconciliacao")
    assert not build.success
    assert "was built from" in build.output
    assert "allow_other_root: true" in build.output
    assert sample.snapshot(["lastro_cartoes.int_cartoes__reconciliacao"]) == before
    sample.build("-s", "+int_cartoes__reconciliacao", "--vars", "{allow_other_root: true}")
    assert sample.query("select count(*) from lastro_cartoes.int_cartoes__reconciliacao") == [(29,)]
    sample.build("-s", "+int_cartoes__reconciliacao")


def test_what_runs_no_model_needs_no_raw_file(workspace: Workspace) -> None:
    shutil.rmtree(workspace.raw)
    for command in (["parse"], ["compile"], ["docs", "generate"], ["ls"]):
        result = workspace.dbt(*command)
        assert result.success, (command, result.output)
    assert not workspace.landed.exists()
    workspace.raw.mkdir()


def test_a_refusal_reads_like_one_message(workspace: Workspace) -> None:
    """A refusal shows the user no traceback, no DuckDB advice and no data from the row."""
    workspace.write("tb_faturas", "202401", b"id_fatura,id_cliente\n123.456.789-09,\x9d\n")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "build", "--target-path", str(workspace.target_of())],
        cwd=PROJECT,
        env=os.environ | workspace.variables(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "tb_faturas_202401.csv, line 2: byte 0x9D is neither utf-8" in said
    for word in ("Traceback", "123.456.789", "ignore_errors"):
        assert word not in said, word


def test_nobody_reads_it_and_it_is_named(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write_rows("tb_faturas", "202401", [INVOICE])
    for name in (
        "Cartoes/tb_faturas/tb_faturas_202402.csv",
        "a/b/c/d/e/f/g.csv",
        "stray.csv",
        "cartoes/tb_faturas/_x.csv",
    ):
        path = workspace.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a\n")
    (workspace.raw / ".gitkeep").write_text("")
    with pytest.raises(RefusedFiles) as refusal:
        landing.land(workspace.raw, Folder(tmp_path / "landed"))
    assert "4 of the files" in str(refusal.value)
    for name in ("Cartoes/tb_faturas/tb_faturas_202402.csv:", "a/b/c/d/e/f/g.csv:", "stray.csv:", "_x.csv:"):
        assert name in str(refusal.value)


@pytest.mark.parametrize("name", ["raw*", "raw[1]", "it's raw"])
def test_a_raw_root_may_have_any_name(workspace: Workspace, tmp_path: Path, name: str) -> None:
    root = tmp_path / name
    path = workspace.write_rows("tb_faturas", "202401", [INVOICE])
    (root / "cartoes/tb_faturas").mkdir(parents=True)
    shutil.copy(path, root / "cartoes/tb_faturas")
    landed = landing.land(root, Folder(tmp_path / "landed"))
    assert [(file.raw_rows, file.landed_rows) for file in landed.files] == [(1, 1)]
