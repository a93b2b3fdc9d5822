"""The static gate for Athena, without Athena, for every commit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import athena_sql
import pytest
from athena_sql.examples import BAD, GOOD
from conftest import PROJECT, Workspace


@pytest.mark.parametrize("sql", GOOD)
def test_what_athena_reads_passes(sql: str) -> None:
    assert athena_sql.problems(sql) == []


@pytest.mark.parametrize("sql", BAD)
def test_what_athena_refuses_fails(sql: str) -> None:
    assert athena_sql.problems(sql) != []


def test_a_problem_names_its_place() -> None:
    assert athena_sql.problems("select\n    strftime(a) as b\nfrom t") == [
        "line 2, column 5: Athena has no function strftime"
    ]


@pytest.fixture(scope="module")
def for_athena(session_workspace: Workspace) -> dict[str, Any]:
    """Return every model and test by name, compiled for Athena without a network."""
    build = session_workspace.dbt("compile", "--target", "athena", "--no-populate-cache", "--no-introspect")
    assert build.success, build.output
    return {Path(result.node.path).stem: result.node for result in build.result.results}


def all_problems(queries: dict[str, str]) -> dict[str, list[str]]:
    found = {name: athena_sql.problems(sql) for name, sql in queries.items() if sql}
    return {name: problems for name, problems in found.items() if problems}


def test_every_model_and_test_compiles_to_what_athena_reads(for_athena: dict[str, Any]) -> None:
    # An ephemeral model is compiled into the models that read it.
    models = {
        path.stem
        for path in (PROJECT / "models").rglob("*.sql")
        if "materialized='ephemeral'" not in path.read_text(encoding="utf-8")
    }
    assert models <= for_athena.keys()
    assert "assert_dialect_gives_the_same_everywhere" in for_athena
    assert all_problems({name: node.compiled_code for name, node in for_athena.items()}) == {}
    assert '"lastro_landed_cartoes"."tb_faturas"' in for_athena["base_cartoes__faturas"].compiled_code


def test_what_a_later_run_computes_is_what_athena_reads(for_athena: dict[str, Any]) -> None:
    """Athena also reads what by_version runs later, with missing units and touched keys in place of the markers."""
    later = {
        name: node.compiled_code.replace("is not null /* the missing units */", "in (7)").replace(
            "is not null /* the touched keys */", "in (select * from touched_keys)"
        )
        for name, node in for_athena.items()
        if node.config.materialized == "by_version"
    }
    assert len(later) > 20
    assert all("in (7)" in sql for sql in later.values())
    assert "id_movimentacao in (select * from touched_keys)" in later["fct_movimentacao_cartao"]
    assert all_problems(later) == {}


def test_every_model_ends_with_its_last_cte(for_athena: dict[str, Any]) -> None:
    """A model reads top down: each CTE has one job, and the last one holds the model's rows and names them."""
    models = [node for node in for_athena.values() if node.resource_type == "model"]
    assert len(models) > 60
    for node in models:
        ctes = re.findall(r"^(?:with |, )?(\w+) as \($", node.compiled_code, re.M)
        assert node.compiled_code.strip().splitlines()[-1] == f"select * from {ctes[-1]}", node.name


def jinja_files(*folders: str) -> list[Path]:
    return [
        path
        for folder in folders
        for path in (PROJECT / folder).rglob("*.*")
        if path.suffix in (".sql", ".yml") and not path.is_relative_to(PROJECT / "tests" / "athena")
    ]


def test_only_the_dialect_asks_which_engine_it_is() -> None:
    """Only macros/dialect may name an engine, its macros, or the type or name of the target."""
    question = re.compile(
        r"target\.(type|name|profile_name)|adapter\.type\(|\b(duckdb|athena|trino|default)__"
    )
    files = [
        path
        for path in jinja_files("models", "macros", "tests", "snapshots", "seeds", "analyses")
        if not path.is_relative_to(PROJECT / "macros" / "dialect")
    ]
    assert len(files) > 100
    # dbt does not accept dispatched macros in YAML, and these unit tests have maps, for which Athena has no literal, or
    # timestamps, which a unit test on Athena cuts.
    excused = [
        "_chatbot_mensageria__unit_tests.yml",
        "_marts_cooperativa__unit_tests.yml",
        "_marts_recebimento__unit_tests.yml",
    ]
    asking = [path.name for path in files if question.search(path.read_text(encoding="utf-8"))]
    assert sorted(asking) == excused


def test_every_dialect_macro_has_a_case() -> None:
    """Every dialect macro has a parity case, except those that the models themselves exercise."""
    named = {
        name
        for path in jinja_files("macros/dialect")
        for name in re.findall(r"{%-? macro (\w+)\(", path.read_text(encoding="utf-8"))
        if not re.match(r"(duckdb|default)__", name)
    }
    queries = {
        "replace_units",
        "replace_keys",
        "create_notes",
        "iso_timestamp_pattern",
        "ref",
        "without_catalog",
    }
    cases = (PROJECT / "tests/dialect/assert_dialect_gives_the_same_everywhere.sql").read_text(
        encoding="utf-8"
    )
    tried = set(re.findall(r"^    \('([\w.]+)'", cases, re.M))
    assert named - tried == queries
