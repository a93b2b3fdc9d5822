"""The command as its user sees it: its messages and exit codes when something is wrong."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest
import typer
from conftest import PROJECT, Workspace
from lastro.cli.errors import Commands
from typer.testing import CliRunner

LASTRO = str(Path(sys.executable).with_name("lastro"))
INVOICE = ["f1", "c1", "2024-01-05", "2024-01-15", "10.00", "1.00"]


def run(*args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LASTRO, *args],
        env=os.environ | {"COLUMNS": "80"} | variables,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_version_is_that_of_the_package() -> None:
    declared = (PROJECT / "pyproject.toml").read_text(encoding="utf-8").split('version = "')[1].split('"')[0]
    assert run("--version").stdout == f"lastro {declared}\n"


def test_a_query_shows_rows_and_changes_nothing(built_sample: Workspace) -> None:
    table = "lastro_cartoes.fct_faturas"
    [(count,)] = built_sample.query(f"select count(*) from {table}")
    done = run("query", f"select count(*) as faturas from {table}", LASTRO_DB=str(built_sample.database))
    assert done.returncode == 0 and "faturas" in done.stdout and str(count) in done.stdout
    for sql, words in (
        ("selec 1", 'syntax error at or near "selec"'),
        (f"delete from {table}", "Can only delete from base table"),
        ("drop table lastro_cartoes.fct_pagamentos", "read-only"),
        ("set threads = 1", "the statement returns no rows"),
    ):
        refused = run("query", sql, LASTRO_DB=str(built_sample.database))
        assert refused.returncode == 1 and words in refused.stderr, refused.stderr
    assert built_sample.query(f"select count(*) from {table}") == [(count,)]


def test_a_database_that_is_being_written_is_named(workspace: Workspace) -> None:
    with duckdb.connect(str(workspace.database)) as con:
        con.execute("create table t as select 1 as a")
        for command in (["summary"], ["export", "movimento_flat"]):
            done = run(*command, "--database", str(workspace.database))
            assert done.returncode == 1
            assert done.stderr == (
                f"lastro {' '.join(command)}: {workspace.database} is open in another process."
                " Wait until it finishes.\n"
            )


def test_the_summary_fits_eighty_columns(built_sample: Workspace) -> None:
    done = run("summary", "--database", str(built_sample.database))
    assert done.returncode == 0, done.stderr
    wide = [line for line in done.stdout.splitlines() if len(line.rstrip()) > 80]
    assert [line for line in wide if not line.startswith("The tables are in")] == []


def test_a_full_disk_leaves_nothing_and_says_so(built_sample: Workspace, tmp_path: Path) -> None:
    """A full disk, simulated by a limit on file size, gives an error message and leaves no file."""

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))

    for command in (
        ["export", "movimento_flat", "--format", "xlsx", "--database", str(built_sample.database)],
        ["export", "movimento_flat", "--database", str(built_sample.database)],
        ["sample"],
    ):
        done = subprocess.run(
            [LASTRO, *command, "--to", str(tmp_path / "out")],
            preexec_fn=limited,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert "Traceback" not in done.stderr
        assert "File too large" in done.stderr
        assert not [
            path for path in tmp_path.rglob("*") if path.is_file() and "sample.partial" not in str(path)
        ]


def test_an_interrupted_landing_says_so_in_a_line(workspace: Workspace) -> None:
    lines = [f"f{n},c1,2024-01-05,2024-01-15,10.00,1.00" for n in range(400_000)]
    header = "id_fatura,id_cliente,data_emissao,data_vencimento,valor_fatura,valor_pagamento_minimo"
    for month in range(1, 10):
        workspace.write("tb_faturas", f"20240{month}", "\n".join([header, *lines]) + "\n")
    process = subprocess.Popen(
        [LASTRO, "land"],
        env=os.environ | workspace.variables(),
        # A test run in the background of a shell ignores the signal, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(workspace.landed.rglob(".scratch/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    output, said = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert said.splitlines()[-1] == "lastro land: interrupted"
    assert "Traceback" not in said
    assert run("land", **workspace.variables()).returncode == 0


@pytest.mark.parametrize(
    ("name", "value"), [("LASTRO_THREADS", "many"), ("LASTRO_THREADS", "0"), ("LASTRO_MEMORY_LIMIT", "lots")]
)
def test_a_setting_that_cannot_be_read_is_named(workspace: Workspace, name: str, value: str) -> None:
    workspace.write_rows("tb_faturas", "202401", [INVOICE])
    done = run("land", **workspace.variables(), **{name: value})
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"lastro land: {name} is '{value}', but must be a")
    assert run("doctor", **workspace.variables(), **{name: value}).returncode == 1


def test_files_of_other_options_stand_beside_each_other(built_sample: Workspace, tmp_path: Path) -> None:
    to = ["--to", str(tmp_path), "--database", str(built_sample.database)]
    for options in ([], ["--delimiter", ","], ["--delimiter", "~"], ["--format", "parquet"]):
        assert run("export", "movimento_flat", *options, *to).returncode == 0
    for locale in ("en", "pt_BR"):
        month = ["--reference-month", "2023-08", "--locale", locale]
        assert run("export", "averages", *month, *to).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".json") == [
        "account_invoice_averages_2023-08.csv",
        "account_invoice_averages_2023-08_pt_BR.csv",
        "movimento_flat.csv",
        "movimento_flat.parquet",
        "movimento_flat_comma.csv",
        "movimento_flat_u007e.csv",
    ]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ValueError("the file is empty. Ask for it again."), 1, "the file is empty. Ask for it again."),
        (ConnectionRefusedError("nobody answers"), 4, "nobody answers"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (
            ZeroDivisionError("by zero"),
            1,
            "ZeroDivisionError: by zero\nThis is unexpected. LASTRO_TRACEBACK=1",
        ),
    ],
)
def test_every_error_is_one_message_and_a_code(error: BaseException, code: int, words: str) -> None:
    app = typer.Typer(cls=Commands)

    @app.callback()
    def group() -> None:
        pass

    @app.command()
    def fail() -> None:
        raise error

    done = CliRunner().invoke(app, ["fail"], prog_name="lastro")
    assert (done.exit_code, words in done.output) == (code, True), done.output


def test_doctor_says_what_is_missing_and_what_to_do(workspace: Workspace) -> None:
    found = run("doctor", **workspace.variables())
    assert found.returncode == 1, "a raw root without files has to be fixed"
    assert "has no files; set LASTRO_RAW to another root" in found.stdout
    workspace.write_rows("tb_faturas", "202401", [INVOICE])
    found = run("doctor", **workspace.variables())
    assert found.returncode == 0
    assert "nothing yet; dbt build lands the raw files" in found.stdout
