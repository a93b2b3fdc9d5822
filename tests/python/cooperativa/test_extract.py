"""`lastro extract cooperativa` against a real PostgreSQL."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest
from conftest import PROJECT, SHARED, Workspace
from lastro.extract.cooperativa import extract
from postgres import fill, programs, running_postgres

LASTRO = str(Path(sys.executable).with_name("lastro"))
DAY = date(2024, 1, 10)
SCHEMA = """
create table associado (
    id_associado text primary key, nome text, sobrenome text, data_nascimento date, estado_civil text,
    escolaridade text, email text
);
create table conta (
    id_conta text primary key, id_associado text, tipo_conta text, agencia text, situacao_conta text,
    data_criacao_conta date
);
create table cartao (
    id_cartao text primary key, id_conta text, id_associado text, numero_cartao text, nome_impresso_cartao text,
    bandeira_cartao text, tipo_cartao text, data_criacao_cartao date
);
create table movimentacao_cartao (
    id_movimentacao bigint primary key, id_cartao text, valor_movimentacao numeric, descricao_movimentacao text,
    data_movimentacao timestamptz
);
insert into associado values
    ('A1', 'Ana', null, '1985-05-10', 'solteira', 'mestrado', null),
    ('A2', 'D''Ávila "Zé", o 2º' || chr(10) || 'linha', '', '1990-01-01', 'casado', 'mestrado', 'a@b');
insert into conta values ('C1', 'A1', 'Corrente', '001-3', 'Ativa', '2019-02-20');
insert into cartao values ('K1', 'C1', 'A1', '0000211', 'ANA', 'Elo', 'Débito', '2020-01-01');
insert into movimentacao_cartao values
    (1, 'K1', 1234567890123456.78, 'a', '2024-01-05 10:30:00.123456-03'),
    (2, 'K1', 0.10, 'b', '2024-01-09 23:59:59+00');
"""
DAYS = {table: f"{table}_20240110.csv" for table in ("associado", "conta", "cartao", "movimentacao_cartao")}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    if programs() is None:
        pytest.skip("no PostgreSQL on this machine: apt-get install postgresql")
    with running_postgres() as dsn:
        yield dsn


@pytest.fixture
def source(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a database filled by SCHEMA."""
    monkeypatch.chdir(PROJECT)
    fill(server, SCHEMA)
    return server


def rows(raw: Path, table: str, day: date = DAY) -> list[dict[str, str]]:
    path = raw / "cooperativa" / table / f"{table}_{day:%Y%m%d}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def movements(raw: Path, day: date) -> list[str]:
    return [row["id_movimentacao"] for row in rows(raw, "movimentacao_cartao", day)]


def change(dsn: str, statement: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(statement)


def files(raw: Path) -> set[str]:
    return {path.name for path in raw.rglob("*") if path.is_file()}


def test_values_are_exact(source: str, tmp_path: Path) -> None:
    written = extract(source, tmp_path, DAY)
    assert [each.rows for each in written] == [2, 1, 1, 2]
    first, second = rows(tmp_path, "movimentacao_cartao")
    assert first["valor_movimentacao"] == "1234567890123456.78"
    assert first["data_movimentacao"] == "2024-01-05T13:30:00.123456Z"
    assert second["valor_movimentacao"] == "0.10"
    assert rows(tmp_path, "cartao")[0]["numero_cartao"] == "0000211"
    assert rows(tmp_path, "associado")[1]["nome"] == 'D\'Ávila "Zé", o 2º\nlinha'
    text = (tmp_path / "cooperativa/associado" / DAYS["associado"]).read_text(encoding="utf-8")
    assert "A1,Ana,,1985-05-10" in text, "NULL is an empty cell"
    assert 'linha","",1990-01-01' in text, "an empty text is a quoted empty cell"


def test_what_happens_while_it_reads_is_not_seen(source: str, tmp_path: Path) -> None:
    changed = []

    def interfere(table: str, size: int) -> None:
        if not changed:
            changed.append(table)
            change(source, "insert into conta values ('C2', 'A1', 'x', null, null, '2024-01-01')")
            change(source, "insert into movimentacao_cartao values (3, 'K1', 1, 'c', '2024-01-09')")
            change(source, "delete from cartao")

    extract(source, tmp_path, DAY, progress=interfere)
    assert changed == ["associado"]
    assert len(rows(tmp_path, "conta")) == 1
    assert len(rows(tmp_path, "cartao")) == 1
    assert movements(tmp_path, DAY) == ["1", "2"]


def test_movements_come_from_the_watermark_on_with_what_was_late(source: str, tmp_path: Path) -> None:
    extract(source, tmp_path, DAY)
    # Committed late: older than the newest movement already seen.
    change(source, "insert into movimentacao_cartao values (3, 'K1', 1, 'late', '2024-01-08')")
    change(source, "insert into movimentacao_cartao values (4, 'K1', 1, 'new', '2024-01-10')")
    second, third = date(2024, 1, 11), date(2024, 1, 20)
    extract(source, tmp_path, second)
    assert movements(tmp_path, second) == ["2", "3", "4"]
    # A second extract on the same day starts where the first one did.
    change(source, "insert into movimentacao_cartao values (5, 'K1', 1, 'new', '2024-01-11 12:00+00')")
    extract(source, tmp_path, second)
    assert movements(tmp_path, second) == ["2", "3", "4", "5"]
    extract(source, tmp_path, third)
    assert movements(tmp_path, third) == ["2", "4", "5"]
    extract(source, tmp_path, third, since=datetime(2024, 1, 1))
    assert movements(tmp_path, third) == ["1", "2", "3", "4", "5"]
    with pytest.raises(ValueError, match="2024-01-11 is before the last extract, of 2024-01-20"):
        extract(source, tmp_path, second)


def test_a_date_that_is_to_come_does_not_hide_what_comes(source: str, tmp_path: Path) -> None:
    change(
        source,
        "insert into movimentacao_cartao values (3, 'K1', 1, 'typo', '2204-01-08'), (4, 'K1', 1, 'x', 'infinity')",
    )
    extract(source, tmp_path, DAY)
    change(source, "insert into movimentacao_cartao values (5, 'K1', 1, 'new', '2024-01-10')")
    extract(source, tmp_path, date(2024, 1, 11))
    assert movements(tmp_path, date(2024, 1, 11)) == ["2", "3", "4", "5"]


def test_what_has_no_date_that_can_be_trusted_comes_to_be_refused(source: str, tmp_path: Path) -> None:
    extract(source, tmp_path, DAY)
    change(
        source,
        "insert into movimentacao_cartao values (3, 'K1', 1, 'x', null), (4, 'K1', 1, 'x', '-infinity'),"
        " (5, 'K1', 1, 'x', '0203-01-09')",
    )
    extract(source, tmp_path, date(2024, 1, 20))
    assert movements(tmp_path, date(2024, 1, 20)) == ["2", "3", "4", "5"]


def test_a_day_taken_again_has_all_that_it_had(source: str, tmp_path: Path) -> None:
    extract(source, tmp_path, DAY)
    extract(source, tmp_path, DAY, since=datetime(2024, 1, 9))
    assert movements(tmp_path, DAY) == ["1", "2"]
    later = date(2024, 1, 12)
    extract(source, tmp_path, later, since=datetime(2024, 1, 11))
    assert movements(tmp_path, later) == ["2"], "no gap"
    extract(source, tmp_path, later, since=datetime(2024, 1, 1))
    assert movements(tmp_path, later) == ["1", "2"]


def test_a_day_that_is_to_come_is_refused(source: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2099-01-01 is in the future: the server's date is"):
        extract(source, tmp_path, date(2099, 1, 1))
    assert files(tmp_path) == set()


def test_a_first_run_that_ends_between_its_files_is_repeated_by_the_next(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(path: Path, target: Path) -> Path:
        if path.name.startswith(".cartao"):
            raise OSError("no space left")
        return path.rename(target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full_disk)
        with pytest.raises(OSError, match="no space left"):
            extract(source, tmp_path, DAY)
    assert DAYS["conta"] in files(tmp_path) and DAYS["movimentacao_cartao"] not in files(tmp_path)
    later = date(2024, 1, 20)
    extract(source, tmp_path, later)
    assert movements(tmp_path, later) == ["1", "2"]


def test_what_a_killed_run_left_is_removed(source: str, tmp_path: Path) -> None:
    left = tmp_path / "cooperativa" / "conta" / ".conta_20240101.csv.partial"
    left.parent.mkdir(parents=True)
    left.write_text("id_conta,id_ass")
    extract(source, tmp_path, DAY)
    assert files(tmp_path) == {*DAYS.values(), ".extract.json"}


def test_extracts_from_elsewhere_are_added_to_only_when_it_is_said_how(source: str, tmp_path: Path) -> None:
    other = tmp_path / "cooperativa" / "conta" / "conta_20231201.csv"
    other.parent.mkdir(parents=True)
    other.write_text("theirs")
    with pytest.raises(ValueError, match=r"conta_20231201[.]csv was not written by lastro extract"):
        extract(source, tmp_path, DAY)
    assert files(tmp_path) == {other.name}
    extract(source, tmp_path, DAY, since=datetime(2024, 1, 6))
    assert movements(tmp_path, DAY) == ["2"]
    assert other.read_text() == "theirs"


def test_a_lost_connection_leaves_nothing_and_the_next_run_takes_all(source: str, tmp_path: Path) -> None:
    change(
        source,
        "insert into movimentacao_cartao select n, 'K1', n, repeat('x', 200), '2024-01-01'"
        " from generate_series(10, 200000) as n",
    )

    sizes = []

    def cut(table: str, size: int) -> None:
        if table == "movimentacao_cartao" and size > 1_000_000 and not sizes:
            sizes.append(size)
            change(
                source,
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'lastro extract'",
            )

    with pytest.raises(psycopg.OperationalError):
        extract(source, tmp_path, DAY, progress=cut)
    assert sizes and files(tmp_path) == set()
    extract(source, tmp_path, DAY)
    assert files(tmp_path) == {*DAYS.values(), ".extract.json"}
    assert len(movements(tmp_path, DAY)) == 2 + 199_991


def test_the_source_is_never_written(source: str, tmp_path: Path) -> None:
    change(source, "create sequence s")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text("[conta.columns]\nagencia = { sql = \"nextval('s')\" }\n")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        extract(source, tmp_path / "raw", DAY, mapping=mapping)
    assert not files(tmp_path / "raw")


@pytest.mark.parametrize(
    ("statement", "mapping", "message"),
    [
        ("drop table conta", "", "the source has no table conta"),
        (
            "alter table conta rename tipo_conta to tipo",
            "",
            "conta has no column tipo_conta for conta.tipo_conta; it has id_conta,",
        ),
        ("select 1", '[contas]\nrelation = "x"\n', "[contas] is not a raw table"),
        ("select 1", '[conta.columns]\ntipo = "x"\n', "conta has no column tipo. It has id_conta"),
        ("select 1", "[conta.columns]\ntipo_conta = 7\n", 'conta.tipo_conta is 7; write "column"'),
        ("select 1", "[conta\n", "mapping.toml: "),
        ("select 1", 'conta = "x"\n', "[conta] is not a raw table"),
        ("select 1", '[conta]\nrelatin = "x"\n', "[conta] has relatin; allowed are relation and columns"),
        ("select 1", "[conta]\nrelation = 3\n", "[conta] relation must be a string"),
        ("select 1", "[conta.columns]\ntipo_conta = { sql = 3 }\n", "conta.tipo_conta is {'sql': 3}; write"),
        (
            "alter table movimentacao_cartao alter data_movimentacao type text",
            "",
            "movimentacao_cartao.data_movimentacao is of type text, not a time. Convert it in a --mapping",
        ),
        ("select 1", '[conta.columns]\nagencia = "nowhere"\n', "conta has no column nowhere"),
    ],
)
def test_what_the_source_lacks_is_said(
    source: str, tmp_path: Path, statement: str, mapping: str, message: str
) -> None:
    change(source, statement)
    path = tmp_path / "mapping.toml"
    path.write_text(mapping)
    refused = subprocess.run(
        [LASTRO, "extract", "cooperativa", "--dsn", source, "--raw", str(tmp_path / "raw")]
        + ["--mapping", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert refused.returncode == 1
    assert message in refused.stderr, refused.stderr
    assert "Nothing was written." in refused.stderr
    assert not files(tmp_path / "raw")


def test_optional_columns_may_be_absent_and_names_may_differ(source: str, tmp_path: Path) -> None:
    change(source, "alter table conta drop agencia")
    change(source, 'alter table cartao rename numero_cartao to "Número; drop"')
    change(source, "create schema outro; alter table associado set schema outro")
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(
        '[associado]\nrelation = "outro.associado"\n[cartao.columns]\nnumero_cartao = "Número; drop"\n'
        "nome_impresso_cartao = { sql = \"upper(id_conta) || ' {x} 100%'\" }\n"
    )
    extract(source, tmp_path / "raw", DAY, mapping=mapping)
    assert "agencia" not in rows(tmp_path / "raw", "conta")[0]
    (card,) = rows(tmp_path / "raw", "cartao")
    assert (card["numero_cartao"], card["nome_impresso_cartao"]) == ("0000211", "C1 {x} 100%")


# The differences between the published source and the contract. What it lacks is made up as its authors did.
PUBLISHED = """
[associado.columns]
nome = { sql = "split_part(nome, ' ', 1)" }
sobrenome = { sql = "split_part(nome, ' ', 2)" }

[conta.columns]
data_criacao_conta = { sql = "date '2000-01-01'" }

[cartao.columns]
numero_cartao = { sql = "lpad(right(id_cartao, 3), 6, '0')" }
nome_impresso_cartao = { sql = "'NOME ' || right(id_cartao, 3)" }
data_criacao_cartao = "data_emissao"

[movimentacao_cartao.columns]
id_movimentacao = "id_movimentacao_cartao"
descricao_movimentacao = "id_movimentacao_cartao"
"""


def test_the_published_cooperative(server: str, workspace: Workspace, tmp_path: Path) -> None:
    """The export equals the published file, except for capitals and for account opening dates, which are unknown."""
    if not SHARED.exists():
        pytest.skip("the external data is not on this machine")
    fill(server, (SHARED / "cooperativa/scripts_db_origem.sql").read_text(encoding="utf-8"))
    (tmp_path / "mapping.toml").write_text(PUBLISHED)
    done = subprocess.run(
        [LASTRO, "extract", "cooperativa", "--mapping", str(tmp_path / "mapping.toml")],
        env=os.environ | {"LASTRO_COOPERATIVA_DSN": server, "LASTRO_RAW": str(workspace.raw)},
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )
    assert done.returncode == 0, done.stderr
    assert "12 rows in" in done.stdout
    workspace.build("--select", "+movimento_flat")
    exported = subprocess.run(
        [LASTRO, "export", "movimento_flat", "--to", str(tmp_path / "out")],
        env=os.environ | {"LASTRO_DB": str(workspace.database)},
        check=False,
    )
    assert exported.returncode == 0

    def read(path: Path) -> list[list[str]]:
        with path.open(encoding="utf-8", newline="") as file:
            header, *lines = csv.reader(file, delimiter=";")
        assert len(header) == 11
        upper = [[cell.upper() for cell in line[:10]] for line in lines]
        return sorted(upper)

    assert read(tmp_path / "out/movimento_flat.csv") == read(SHARED / "cooperativa/movimento_flat.csv")
