"""by_version: whatever the table holds, a build ends with exactly the wanted units, each complete."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from conftest import Workspace

BASE = "lastro_cartoes.base_cartoes__faturas"


@pytest.fixture(scope="module")
def kept_base(session_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    session_workspace.clear()
    for month in ("202401", "202402"):
        session_workspace.write_rows(
            "tb_faturas",
            month,
            [[f"{month}-{n}", "c", "2024-01-05", "2024-01-15", "1.00", ""] for n in range(3)],
        )
    session_workspace.build("-s", "+base_cartoes__faturas")
    return session_workspace.keep(tmp_path_factory.mktemp("base"))


@pytest.fixture
def built(session_workspace: Workspace, kept_base: Path) -> Workspace:
    session_workspace.restore(kept_base)
    return session_workspace


DAMAGES = {
    "a unit that is not whole": f"delete from {BASE} where id_fatura = '202401-1'",
    "a unit that came twice": f"insert into {BASE} from {BASE} where id_fatura < '202402'",
    "a unit that nobody wants": f"insert into {BASE} select * replace (1 as file_id) from {BASE}",
    "a unit that is missing": f"delete from {BASE} where id_fatura < '202402'",
    "an empty table": f"delete from {BASE}",
    "another column": f"alter table {BASE} add column older integer",
    "a column less": f"alter table {BASE} drop column warnings",
    "a view in its place": f"alter table {BASE} rename to kept; create view {BASE} as select 1 as x",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_is_there_a_build_repairs(built: Workspace, damage: str) -> None:
    before = built.snapshot([BASE])
    assert len(before[BASE]) == 6
    with duckdb.connect(str(built.database)) as con:
        con.execute(DAMAGES[damage])
    if damage != "a view in its place":
        assert built.snapshot([BASE]) != before
    built.build("-s", "+base_cartoes__faturas")
    assert built.snapshot([BASE]) == before


def test_a_unit_that_is_there_is_not_computed_again(built: Workspace) -> None:
    with duckdb.connect(str(built.database)) as con:
        con.execute(f"update {BASE} set id_cliente = 'kept'")
    built.write_rows("tb_faturas", "202403", [["x", "c", "2024-01-05", "2024-01-15", "1.00", ""]])
    built.build("-s", "+base_cartoes__faturas")
    assert built.query(f"select id_cliente, count(*) from {BASE} group by 1 order by 1") == [
        ("c", 1),
        ("kept", 6),
    ]
    built.build("-s", "+base_cartoes__faturas", "--full-refresh")
    assert built.query(f"select id_cliente, count(*) from {BASE} group by 1") == [("c", 7)]


def test_more_units_than_fit_one_statement(built: Workspace) -> None:
    manifest = built.dbt("parse").result
    node = manifest.nodes["model.lastro.base_cartoes__faturas"]
    node.config._extra["units_at_once"] = 2
    before = built.snapshot([BASE])
    for month in ("202403", "202404", "202405"):
        built.write_rows("tb_faturas", month, [[month, "c", "2024-01-05", "2024-01-15", "1.00", ""]])
    build = built.dbt(
        "build", "-s", "+base_cartoes__faturas", "--exclude-resource-type", "test", manifest=manifest
    )
    assert build.success, build.output
    assert len(built.snapshot([BASE])[BASE]) == len(before[BASE]) + 3


def test_the_compiled_query_is_the_one_for_all_units(built: Workspace) -> None:
    build = built.dbt("compile", "-s", "base_cartoes__faturas")
    sql = build.result.results[0].node.compiled_code
    assert sorted(built.query(sql)) == sorted(built.query(f"from {BASE}"))


PAID = "lastro_cartoes.int_cartoes__faturas_pagas"


def paid(workspace: Workspace) -> dict[str, str]:
    return {key: str(amount) for key, amount in workspace.query(f"select id_fatura, valor_pago from {PAID}")}


def test_a_file_replaces_the_keys_that_it_touches(built: Workspace) -> None:
    select = ("-s", "+int_cartoes__faturas_pagas")
    built.build(*select)
    with duckdb.connect(str(built.database)) as con:
        con.execute(f"update {PAID} set valor_pago = 7")
    built.write_rows("tb_pagamentos", "202402", [["p", "202401-1", "c", "2024-02-01", "0.50"]])
    built.build(*select)
    touched = {"202401-1": "0.50"}
    assert (
        paid(built)
        == dict.fromkeys((f"{month}-{n}" for month in (202401, 202402) for n in range(3)), "7.00") | touched
    )
    # A payment corrected to another invoice also touches the invoice it named before.
    built.write_rows("tb_pagamentos", "202403", [["p", "202402-1", "c", "2024-02-01", "0.25"]])
    built.build(*select)
    assert {key: amount for key, amount in paid(built).items() if amount != "7.00"} == {
        "202401-1": "0.00",
        "202402-1": "0.25",
    }


def test_a_table_with_a_key_is_built_again_when_it_is_not_whole(built: Workspace) -> None:
    select = ("-s", "+int_cartoes__faturas_pagas")
    built.write_rows("tb_pagamentos", "202402", [["p", "202401-1", "c", "2024-02-01", "0.50"]])
    built.build(*select)
    before = paid(built)
    # A row is lost. A killed run wrote its rows but no record of them. A killed run recorded only that it began.
    for damage in (
        f"delete from {PAID} where id_fatura = '202402-1'",
        f"insert into {PAID} select * replace ('x' as id_fatura) from {PAID} limit 1",
        f"delete from lastro_units.int_cartoes__faturas_pagas where unit = ''; update {PAID} set valor_pago = 7",
    ):
        with duckdb.connect(str(built.database)) as con:
            con.execute(damage)
        built.build(*select)
        assert paid(built) == before, damage
    (built.raw / "cartoes/tb_pagamentos/tb_pagamentos_202402.csv").unlink()
    built.build(*select, "--vars", "{allow_removed: true}")
    assert paid(built) == dict.fromkeys(before, "0.00")


def test_an_input_that_is_withdrawn_after_a_kill(sample: Workspace) -> None:
    """A correction withdrawn after a run died before recording it leaves no trace in the book."""
    select, book = ("-s", "+book_faturas_carteira"), "lastro_cartoes.book_faturas_carteira"
    sample.build(*select)
    before = sample.snapshot([book])
    path = sample.raw / "cartoes/tb_faturas/tb_faturas_202402.csv"
    content = path.read_bytes()
    path.write_bytes(b"\n".join(content.splitlines()[:-20]) + b"\n")
    sample.build(*select)
    assert sample.snapshot([book]) != before
    with duckdb.connect(str(sample.database)) as con:
        # A killed run leaves the rows of the correction and no record of them.
        con.execute("delete from lastro_units.book_faturas_carteira where unit = '2024-03-01'")
    path.write_bytes(content)
    sample.build(*select)
    assert sample.snapshot([book]) == before


def test_a_fact_takes_no_file_that_is_not_reconciled(built: Workspace) -> None:
    """A fact built alone, after a run that was killed early, loses nothing."""
    select = ("-s", "+int_cartoes__faturas_pagas")
    built.build(*select)
    built.write_rows("tb_pagamentos", "202402", [["p", "202401-1", "c", "2024-02-01", "0.50"]])
    built.build("-s", "base_cartoes__arquivos")
    built.build("-s", "int_cartoes__faturas_pagas")
    assert paid(built)["202401-1"] == "0.00"
    built.build(*select)
    assert paid(built)["202401-1"] == "0.50"


def test_rows_that_are_not_there_are_an_error(built: Workspace) -> None:
    """Missing landed rows are an error: on Athena a file is listed before its partition is registered."""
    with duckdb.connect(str(built.database)) as con:
        con.execute("update lastro_cartoes.base_cartoes__arquivos set landed_rows = landed_rows + 1")
    build = built.dbt("run", "-s", "base_cartoes__faturas")
    assert not build.success
    assert "some landed rows are missing" in build.output
    built.build("-s", "+base_cartoes__faturas")


def test_a_unit_without_rows_is_computed_once(built: Workspace) -> None:
    built.write_rows("tb_faturas", "202403", [])
    built.build("-s", "+base_cartoes__faturas")
    build = built.build("-s", "+base_cartoes__faturas")
    messages = {result.node.name: result.message for result in build.result.results}
    assert messages["base_cartoes__faturas"] == "OK 0 computed, 0 removed"
