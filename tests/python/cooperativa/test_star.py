"""The cooperative's star: its versions against a definition in Python, its repairs, calendar and export."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import holidays
import openpyxl
import pytest
from conftest import PROJECT, Tables, Workspace, few, many
from hypothesis import given
from hypothesis import strategies as st

LASTRO = str(Path(sys.executable).with_name("lastro"))
SELECT = ["--select", "+movimento_flat", "+movimentacoes_orfas", "valores_desconhecidos"]
HEADERS = {
    "associado": "id_associado,nome,sobrenome,data_nascimento,estado_civil,escolaridade",
    "conta": "id_conta,id_associado,tipo_conta,data_criacao_conta",
    "cartao": "id_cartao,id_conta,numero_cartao,nome_impresso_cartao,data_criacao_cartao",
    "movimentacao_cartao": "id_movimentacao,id_cartao,valor_movimentacao,descricao_movimentacao,data_movimentacao",
}
FIRST = date(2024, 1, 10)
UNREADABLE = "31/02/1985"
Member = tuple[str, str, str, str]  # nome, data_nascimento, estado_civil, escolaridade


def write(workspace: Workspace, table: str, day: date, rows: list[tuple]) -> Path:
    """Write one extract of a table."""
    path = workspace.raw / "cooperativa" / table / f"{table}_{day:%Y%m%d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADERS[table], *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def write_members(workspace: Workspace, day: date, members: dict[str, Member]) -> None:
    write(
        workspace,
        "associado",
        day,
        [(key, nome, "Silva", born, civil, school) for key, (nome, born, civil, school) in members.items()],
    )


def versions(extracts: dict[date, dict[str, Member]]) -> set[tuple]:
    """Return SCD2 from a second definition: per extract, new content opens a version and missing content closes one."""
    current: dict[str, tuple] = {}
    closed = set()
    readable: dict[str, Member] = {}
    for day in sorted(extracts):
        seen = {}
        readable |= {key: row for key, row in extracts[day].items() if row[1] != UNREADABLE}
        for key in extracts[day].keys() & readable.keys():
            nome, born, civil, school = readable[key]
            birth = date.fromisoformat(born)
            age = day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
            seen[key] = (nome, birth, age, civil, school)
        for key, (content, since) in list(current.items()):
            if seen.get(key) != content:
                closed.add((key, *content, since, day, False))
                del current[key]
        for key, content in seen.items():
            current.setdefault(key, (content, day))
    return closed | {
        (key, *content, since, date(9999, 12, 31), True) for key, (content, since) in current.items()
    }


def built_versions(built: Tables) -> list[tuple]:
    return built.query(
        "select id_associado, nome, data_nascimento, idade, estado_civil, escolaridade, valid_from, valid_to,"
        " is_current from lastro_cooperativa.dim_associado where sk_associado <> -1"
    )


MEMBERS = st.dictionaries(
    st.sampled_from(["A1", "A2", "A3"]),
    st.tuples(
        st.sampled_from(["Ana", "Bia"]),
        st.sampled_from(["1985-05-10", "1992-02-29", UNREADABLE]),
        st.sampled_from(["casado", "solteiro"]),
        st.sampled_from(["mestrado", "doutorado"]),
    ),
    max_size=3,
)
EXTRACTS = st.dictionaries(
    st.integers(0, 400).map(lambda n: FIRST + timedelta(n)), MEMBERS, min_size=1, max_size=6
)


CARDS = [(f"K{key}", f"C{key}", "01", "X", "2020-01-01") for key in ("A1", "A2", "A3")]
ACCOUNTS = [(f"C{key}", key, "corrente", "2020-01-01") for key in ("A1", "A2", "A3")]


def write_movements(workspace: Workspace, chance: random.Random) -> dict[str, tuple[str, date]]:
    """Write a card and an account per member, and movements. Return the member and day of each movement."""
    write(workspace, "cartao", FIRST, CARDS)
    write(workspace, "conta", FIRST, ACCOUNTS)
    moved = {
        f"M{number}": (chance.choice(["A1", "A2", "A3"]), FIRST + timedelta(chance.randrange(-50, 450)))
        for number in range(12)
    }
    rows = [(number, f"K{key}", "1.00", "x", f"{day}T12:00:00") for number, (key, day) in moved.items()]
    write(workspace, "movimentacao_cartao", FIRST, rows)
    return moved


def assert_star(built: Tables, expected: set[tuple], moved: dict[str, tuple[str, date]]) -> None:
    """Assert the expected versions, and that each movement has the version of its time or, before all, the first."""
    found = built_versions(built)
    assert len(found) == len(set(found))
    assert set(found) == expected
    first = {key: min(row[6] for row in expected if row[0] == key) for key in {row[0] for row in expected}}
    member_of = {
        number: (key, since)
        for number, key, since in built.query(
            "select id_movimentacao, id_associado, valid_from from lastro_cooperativa.fct_movimentacao_cartao"
            " join lastro_cooperativa.dim_associado using (sk_associado)"
        )
    }
    for number, (key, day) in moved.items():
        valid = [
            (row[0], row[6])
            for row in expected
            if row[0] == key and (row[6] <= day or row[6] == first[key]) and day < row[7]
        ]
        assert [member_of[number]] == (valid or [("desconhecido", date(1900, 1, 1))])


@many
@given(extracts=EXTRACTS, seed=st.integers(0, 100))
def test_versions_equal_their_definition(
    workspace: Workspace, quick: Callable[..., Tables], extracts: dict[date, dict[str, Member]], seed: int
) -> None:
    workspace.clear()
    moved = write_movements(workspace, random.Random(seed))
    for day, members in extracts.items():
        write_members(workspace, day, members)
    assert_star(quick("fct_movimentacao_cartao"), versions(extracts), moved)


@few
@given(extracts=EXTRACTS, seed=st.integers(0, 100))
def test_versions_do_not_depend_on_the_order_in_which_extracts_come(
    workspace: Workspace, extracts: dict[date, dict[str, Member]], seed: int
) -> None:
    workspace.clear()
    chance = random.Random(seed)
    moved = write_movements(workspace, chance)
    days = list(extracts)
    chance.shuffle(days)
    # Some extracts, then all of them: some of the second build are older than those of the first.
    for part in (days[: len(days) // 2 + 1], days[len(days) // 2 + 1 :]):
        for day in part:
            write_members(workspace, day, extracts[day])
        if part:
            workspace.build(*SELECT)
    assert_star(workspace, versions(extracts), moved)
    incremental = star_of(workspace)
    workspace.build(*SELECT, "--full-refresh")
    assert star_of(workspace) == incremental


def star_of(workspace: Workspace) -> dict[str, list[tuple]]:
    """Return the star without load times."""
    dimensions = [f"lastro_cooperativa.dim_{name}" for name in ("associado", "conta", "cartao")]
    return workspace.snapshot(dimensions) | workspace.snapshot(
        ["lastro_cooperativa.fct_movimentacao_cartao"], exclude="data_hora_atualizacao_registro"
    )


@pytest.fixture(scope="module")
def kept_star(session_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build one member, account and card, and two movements, one of a card that is not known yet."""
    session_workspace.clear()
    write_members(session_workspace, FIRST, {"A1": ("Ana", "1985-05-10", "casado", "mestrado")})
    write(session_workspace, "conta", FIRST, [("C1", "A1", "Corrente", "2020-01-01")])
    write(session_workspace, "cartao", FIRST, [("K1", "C1", "0007", "ANA", "2020-01-01")])
    write(
        session_workspace,
        "movimentacao_cartao",
        FIRST,
        [
            ("M1", "K1", "10.00", "x", "2024-01-09T10:00:00Z"),
            ("M2", "K2", "20.50", "y", "2024-01-09T10:00:00Z"),
        ],
    )
    session_workspace.build(*SELECT)
    return session_workspace.keep(tmp_path_factory.mktemp("star"))


@pytest.fixture
def star(session_workspace: Workspace, kept_star: Path) -> Workspace:
    session_workspace.restore(kept_star)
    return session_workspace


def facts(workspace: Workspace) -> list[tuple]:
    return workspace.query(
        "select id_movimentacao, numero_cartao, tipo_conta, nome, idade_na_movimentacao, valor_movimentacao"
        " from lastro_cooperativa.fct_movimentacao_cartao join lastro_cooperativa.dim_cartao using (sk_cartao)"
        " join lastro_cooperativa.dim_conta using (sk_conta) join lastro_cooperativa.dim_associado using (sk_associado)"
        " order by 1"
    )


def loaded(workspace: Workspace) -> dict[str, object]:
    return dict(
        workspace.query(
            "select id_movimentacao, data_hora_atualizacao_registro from lastro_cooperativa.fct_movimentacao_cartao"
        )
    )


def test_an_orphan_is_reported_and_repaired_when_its_parent_arrives(star: Workspace) -> None:
    orphans = (
        "select id_movimentacao, desconhecido, valor_movimentacao from lastro_cooperativa.movimentacoes_orfas"
    )
    assert [tuple(map(str, row)) for row in star.query(orphans)] == [("M2", "cartao", "20.50")]
    before = loaded(star)
    later = FIRST + timedelta(30)
    write(
        star,
        "cartao",
        later,
        [("K1", "C1", "0007", "ANA", "2020-01-01"), ("K2", "C1", "0008", "ANA", "2020-01-01")],
    )
    star.build(*SELECT)
    assert star.query(orphans) == []
    assert [tuple(map(str, row)) for row in facts(star)] == [
        ("M1", "0007", "corrente", "Ana", "38", "10.00"),
        ("M2", "0008", "corrente", "Ana", "38", "20.50"),
    ]
    after = loaded(star)
    assert after["M1"] == before["M1"], "an unchanged movement was reloaded"


def test_a_corrected_and_a_withdrawn_movement(star: Workspace) -> None:
    later = FIRST + timedelta(1)
    path = write(star, "movimentacao_cartao", later, [("M1", "K1", "11.00", "x", "2024-01-09T10:00:00Z")])
    star.build(*SELECT)
    assert str(facts(star)[0][5]) == "11.00"
    path.unlink()
    star.build(*SELECT, "--vars", "{allow_removed: true}")
    assert str(facts(star)[0][5]) == "10.00"
    assert len(facts(star)) == 2


def test_a_corrected_extract_corrects_the_facts(star: Workspace) -> None:
    """Facts follow a version that keeps its date but gets other content: another account, another birth date."""
    write(
        star, "conta", FIRST, [("C1", "A1", "Corrente", "2020-01-01"), ("C2", "A1", "Salário", "2020-01-01")]
    )
    write(star, "cartao", FIRST, [("K1", "C2", "0007", "ANA", "2020-01-01")])
    write_members(star, FIRST, {"A1": ("Ana", "1984-05-10", "casado", "mestrado")})
    star.build(*SELECT)
    first, _ = facts(star)
    assert tuple(map(str, first)) == ("M1", "0007", "salário", "Ana", "39", "10.00")


def test_what_looks_like_the_unknown_one_is_not(star: Workspace) -> None:
    """An account named like the unknown member is not it, and keys with separators are not two cells."""
    write(star, "conta", FIRST, [("desconhecido", "A1", "Corrente", "2020-01-01")])
    write(star, "cartao", FIRST, [("K1", "desconhecido", "0007", "ANA", "2020-01-01")])
    rest = ("1985-05-10", "casado", "mestrado")
    write(star, "associado", FIRST, [("A1", "B", "C|=D", *rest), ("A1|=B", "C", "D", *rest)])
    star.build_domain("cooperativa")
    assert [tuple(map(str, row[:4])) for row in facts(star)] == [
        ("M1", "0007", "corrente", "B"),
        ("M2", "None", "None", "None"),
    ]


def test_a_movement_before_the_calendar_is_refused(star: Workspace) -> None:
    day = FIRST + timedelta(1)
    write(star, "movimentacao_cartao", day, [("M3", "K1", "1.00", "x", "1950-01-01T00:00:00")])
    star.build_domain("cooperativa")
    assert star.query("select line_number, reasons from lastro_cooperativa.int_cooperativa__quarentena") == [
        (2, "data_movimentacao:before_calendar")
    ]


def test_a_refused_row_closes_no_version(star: Workspace) -> None:
    later = FIRST + timedelta(30)
    write_members(star, later, {"A1": ("Ana", UNREADABLE, "divorciado", "mestrado")})
    star.build(*SELECT)
    assert built_versions(star) == [
        ("A1", "Ana", date(1985, 5, 10), 38, "casado", "mestrado", FIRST, date(9999, 12, 31), True)
    ]


def test_the_questions_of_a_manager(workspace: Workspace) -> None:
    """Every analysis of the domain gives the counts made by hand for one month."""
    single, divorced = (
        ("Ana", "1985-05-10", "casado", "mestrado"),
        ("Ana", "1985-05-10", "divorciado", "mestrado"),
    )
    other = ("Bia", "1992-02-29", "solteiro", "doutorado")
    write_members(workspace, FIRST, {"A1": single, "A2": other})
    write_members(workspace, date(2024, 2, 10), {"A1": divorced, "A2": other})
    write(workspace, "conta", FIRST, [(f"C{n}", f"A{n}", "Corrente", "2020-01-01") for n in (1, 2)])
    cards = [("K1", "C1"), ("K2", "C2"), ("K3", "C2")]
    write(workspace, "cartao", FIRST, [(*card, "01", "X", "2020-01-01") for card in cards])
    write(
        workspace,
        "movimentacao_cartao",
        date(2024, 2, 14),
        [
            ("M1", "K1", "100.00", "x", "2024-01-20T12:00:00Z"),  # a Saturday
            ("M2", "K1", "50.00", "x", "2024-02-13T12:00:00Z"),  # carnival
            ("M3", "K2", "30.00", "x", "2024-01-22T12:00:00Z"),  # a Monday
        ],
    )
    workspace.build(*SELECT, "dim_data")
    compiled = workspace.dbt("compile", "--select", "resource_type:analysis").result.results
    answers = {
        result.node.name: [tuple(map(str, row)) for row in workspace.query(result.node.compiled_code)]
        for result in compiled
        if "fct_movimentacao_cartao" in result.node.compiled_code
    }
    assert answers == {
        "members_who_stopped": [("A2", "30.00")],
        "spending_after_a_change_of_marital_status": [("casado", "divorciado", "1", "100.00", "50.00")],
        # The 25 days from 20 January to 13 February.
        "spending_by_kind_of_day": [
            ("dia útil", "15", "1", "30.00", "2.00"),
            ("feriado", "2", "1", "50.00", "25.00"),
            ("fim de semana", "8", "1", "100.00", "12.50"),
        ],
        "spending_by_age_and_schooling": [
            ("doutorado", "30", "1", "1", "30.00", "30.00"),
            ("mestrado", "30", "1", "2", "150.00", "75.00"),
        ],
        "cards_that_are_not_used": [("None", "None", "3", "1", "180.00")],
    }


def analysis(workspace: Workspace, name: str, *args: str) -> list[tuple]:
    """Return the rows of an analysis as compiled for the user."""
    build = workspace.dbt("compile", "--select", name, *args)
    assert build.success, build.output
    return workspace.query(build.result.results[0].node.compiled_code)


def test_what_each_extract_changed(star: Workspace) -> None:
    days = [FIRST + timedelta(n) for n in range(3)]
    for day, civil in zip(days, ("casado", "solteiro", "casado"), strict=True):
        write_members(star, day, {"A1": ("Ana", "1985-05-10", civil, "mestrado")})
    star.build(*SELECT)
    assert len(built_versions(star)) == 3, "A, B, A are three versions"
    members = [row[1:] for row in analysis(star, "what_each_extract_changed") if row[0] == "associado"]
    assert members == [(days[0], 1, 0, 1), (days[1], 1, 1, 1), (days[2], 1, 1, 1)]


def test_what_was_believed_is_remembered(star: Workspace) -> None:
    """A correction of the past changes what is known now, not what an earlier report believed."""
    ana = ("Ana", "1985-05-10", "casado", "mestrado")
    write_members(star, FIRST, {"A1": ana})
    write_members(star, FIRST + timedelta(30), {"A1": ana})
    star.build(*SELECT)
    first = built_versions(star)
    [(moment,)] = star.query(
        "select max(dbt_valid_from) from lastro_cooperativa.snapshot_cooperativa__associados_versoes"
    )
    # The second extract is corrected, and a late one arrives between the two.
    write_members(star, FIRST + timedelta(30), {"A1": ("Ana", "1985-05-10", "viúvo", "mestrado")})
    write_members(star, FIRST + timedelta(10), {"A1": ("Ana", "1985-05-10", "divorciado", "mestrado")})
    star.build(*SELECT)
    assert [row[4] for row in sorted(built_versions(star), key=lambda row: row[6])] == [
        "casado",
        "divorciado",
        "viúvo",
    ]
    believed = star.query(
        "select id_associado, nome, data_nascimento, idade, estado_civil, escolaridade, valid_from, valid_to,"
        " is_current from lastro_cooperativa.snapshot_cooperativa__associados_versoes"
        f" where dbt_valid_from <= timestamp '{moment}'"
        f" and coalesce(dbt_valid_to > timestamp '{moment}', true)"
    )
    assert believed == first
    end, forever = FIRST + timedelta(10), date(9999, 12, 31)
    assert analysis(star, "what_a_report_believed", "--vars", f"{{reported_at: '{moment}'}}") == [
        ("A1", FIRST, forever, end, "casado", "casado", "mestrado", "mestrado"),
        ("A1", end, None, FIRST + timedelta(30), None, "divorciado", None, "mestrado"),
        ("A1", FIRST + timedelta(30), None, forever, None, "viúvo", None, "mestrado"),
    ]


def test_a_snapshot_that_somebody_adds_just_works(sample: Workspace, tmp_path: Path) -> None:
    project = tmp_path / "project"
    ignored = shutil.ignore_patterns(".git", ".venv", "target", "data", "logs")
    shutil.copytree(PROJECT, project, ignore=ignored)
    (project / "snapshots" / "_cartoes__snapshots.yml").write_text(
        "snapshots:\n  - name: snapshot_cartoes__situacoes\n    relation: ref('fct_faturas')\n"
        "    config: {schema: cartoes, unique_key: id_fatura, strategy: check, check_cols: [situacao]}\n"
    )
    history = "select situacao, dbt_valid_to is null from lastro_cartoes.snapshot_cartoes__situacoes where id_fatura = 'new'"
    sample.write_rows("tb_faturas", "202404", [["new", "c", "2024-04-01", "2024-04-10", "10.00", "1.00"]])
    for payment in ([], [["new payment", "new", "c", "2024-04-09", "10.00"]]):
        sample.write_rows("tb_pagamentos", "202404", payment)
        done = subprocess.run(
            [
                str(Path(sys.executable).with_name("dbt")),
                "build",
                "--quiet",
                "--select",
                "+snapshot_cartoes__situacoes",
            ]
            + ["--project-dir", str(project), "--profiles-dir", str(project)],
            env=os.environ | sample.variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
    assert sorted(sample.query(history)) == [("em_aberto", False), ("paga_antecipada", True)]


def test_an_extract_that_lost_most_of_its_rows_is_warned_of(star: Workspace) -> None:
    def warned() -> bool:
        star.build(*SELECT)
        return "warn_extract_shrank" in star.dbt("test", "--select", "warn_extract_shrank").output

    assert not warned()
    write_members(star, FIRST + timedelta(1), {})
    assert warned()


def test_a_value_that_no_domain_has_is_kept_and_reported(star: Workspace) -> None:
    write_members(star, FIRST, {"A1": ("Ana", "1985-05-10", " Enrolada", "  Ensino  Superior Completo ")})
    star.build(*SELECT)
    ((civil, school),) = star.query(
        "select estado_civil, escolaridade from lastro_cooperativa.dim_associado where is_current and sk_associado <> -1"
    )
    assert (civil, school) == ("Enrolada", "ensino superior completo")
    assert star.query("select coluna, valor, linhas from lastro_cooperativa.valores_desconhecidos") == [
        ("estado_civil", "Enrolada", 1)
    ]


def test_the_calendar_is_that_of_the_law(sample: Workspace) -> None:
    sample.build("--select", "dim_data")
    ours = dict(sample.query("select data, feriado_nacional from lastro_cooperativa.dim_data"))
    assert len(ours) == (date(2101, 1, 1) - date(1990, 1, 1)).days
    # From 2003 on. For earlier years the library's holidays differ from those of the federal laws.
    law = holidays.country_holidays("BR", years=range(2003, 2100))
    assert {day for day, name in ours.items() if name and 2003 <= day.year < 2100} == set(law)
    # Bank holidays are those of the exchange, except at the end of the year, when only the exchange closes.
    exchange = {
        day
        for day in holidays.financial_holidays("BVMF", years=range(2023, 2060))
        if day.weekday() < 5 and not (day.month == 12 and day.day in (24, 29, 30, 31))
    }
    closed = sample.query(
        "select data from lastro_cooperativa.dim_data where not dia_util and dia_da_semana < 6"
        " and ano between 2023 and 2059"
    )
    assert {day for (day,) in closed} == exchange


def export(workspace: Workspace, to: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LASTRO, "export", "movimento_flat", "--to", str(to), *args],
        env=os.environ | {"LASTRO_DB": str(workspace.database)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("args", [["--delimiter", "|"], ["--format", "parquet"], ["--format", "xlsx"]])
def test_export_movimento_flat(star: Workspace, tmp_path: Path, args: list[str]) -> None:
    done = export(star, tmp_path, *args)
    assert done.returncode == 0, done.stderr
    path = next(path for path in tmp_path.iterdir() if path.suffix != ".json")
    if path.suffix == ".csv":
        header, *rows = csv.reader(path.open(encoding="utf-8", newline=""), delimiter="|")
    elif path.suffix == ".parquet":
        found = duckdb.sql(f"from '{path}'")
        header, rows = found.columns, [[*map(str, row)] for row in found.fetchall()]
    else:
        header, *rows = [
            [cell.value for cell in row] for row in openpyxl.load_workbook(path).active.iter_rows()
        ]
    assert header == [
        *("nome_associado", "sobrenome_associado", "idade_associado", "vlr_transacao_movimento"),
        *("des_transacao_movimento", "data_movimento", "numero_cartao", "nome_impresso_cartao"),
        *("data_criacao_cartao", "tipo_conta", "data_criacao_conta"),
    ]
    (known,) = [row for row in rows if row[0] == "Ana"]
    assert str(known[6]) == "0007"
    assert float(known[3]) == 10
    moment = {".csv": "2024-01-09T10:00:00.000Z", ".xlsx": "2024-01-09T10:00:00.000Z"}
    assert str(known[5]) == moment.get(path.suffix, "2024-01-09 10:00:00")
    report = json.loads((tmp_path / f"{path.name}.json").read_text())
    assert report == {
        "file": path.name,
        "rows": 2,
        "vlr_transacao_movimento": "30.50",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    assert len(list(tmp_path.iterdir())) == 2


def test_the_same_movements_are_the_same_bytes(sample: Workspace, tmp_path: Path) -> None:
    def digest() -> str:
        assert export(sample, tmp_path).returncode == 0
        return json.loads((tmp_path / "movimento_flat.csv.json").read_text())["sha256"]

    held = tmp_path / "held.csv"
    first = sample.raw / "cooperativa/movimentacao_cartao/movimentacao_cartao_20230115.csv"
    first.rename(held)
    sample.build(*SELECT, "--vars", "{allow_removed: true}")
    held.rename(first)
    sample.build(*SELECT)
    late = digest()
    sample.build(*SELECT, "--full-refresh")
    assert digest() == late


def test_an_export_that_does_not_reconcile_is_refused(star: Workspace, tmp_path: Path) -> None:
    with duckdb.connect(str(star.database)) as con:
        con.execute("delete from lastro_cooperativa.dim_cartao where sk_cartao <> -1")
    refused = export(star, tmp_path / "out")
    assert refused.returncode == 1
    assert "movimento_flat has 1 rows and R$ 20.50, but the fact has 2 rows and R$ 30.50" in refused.stderr
    assert not (tmp_path / "out").exists()
    assert export(star, tmp_path, "--delimiter", "ab").returncode == 2
