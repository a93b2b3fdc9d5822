"""The materialization by_version: whatever is in the table, a build ends with the units that are wanted, whole."""

from __future__ import annotations

import duckdb
import pytest
from conftest import Workspace

BASE = "lastro_cartoes.base_cartoes__faturas"


@pytest.fixture
def built(workspace: Workspace) -> Workspace:
    for month in ("202401", "202402"):
        workspace.write_rows(
            "tb_faturas",
            month,
            [[f"{month}-{n}", "c", "2024-01-05", "2024-01-15", "1.00", ""] for n in range(3)],
        )
    workspace.build("-s", "+base_cartoes__faturas")
    return workspace


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
