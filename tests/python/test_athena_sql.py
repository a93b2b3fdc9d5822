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


def test_every_model_and_test_compiles_to_what_athena_reads(workspace: Workspace) -> None:
    build = workspace.dbt("compile", "--target", "athena", "--no-populate-cache", "--no-introspect")
    assert build.success, build.output
    compiled = {Path(result.node.path).stem: result.node.compiled_code for result in build.result.results}
    # An ephemeral model is compiled into the models that read it.
    models = {
        path.stem
        for path in (PROJECT / "models").rglob("*.sql")
        if "materialized='ephemeral'" not in path.read_text(encoding="utf-8")
    }
    assert models <= compiled.keys()
    assert "assert_dialect_gives_the_same_everywhere" in compiled
    found = {name: athena_sql.problems(sql) for name, sql in compiled.items() if sql}
    assert {name: problem for name, problem in found.items() if problem} == {}


@pytest.fixture
def later_run(workspace: Workspace) -> tuple[Workspace, Any]:
    """Return a workspace, and a manifest that compiles what by_version runs for missing units."""
    manifest = workspace.dbt("parse", "--target", "athena").result
    for name, text in (
        ("missing_units_mark", "in (7)"),
        ("touched_keys_mark", "in (select * from touched_keys)"),
    ):
        macro = manifest.macros[f"macro.lastro.{name}"]
        macro.macro_sql = "{% macro " + name + "() %}{{ return('" + text + "') }}{% endmacro %}"
    return workspace, manifest


def compiled_for_athena(workspace: Workspace, manifest: Any) -> dict[str, str]:
    """Return the SQL of every model of a manifest by name, compiled without an engine."""
    build = workspace.dbt(
        *("compile", "--target", "athena", "--no-populate-cache", "--no-introspect"),
        *("--select", "resource_type:model"),
        manifest=manifest,
    )
    assert build.success, build.output
    nodes = [result.node for result in build.result.results]
    return {node.name: node.compiled_code for node in nodes if node.resource_type == "model"}


def test_what_a_later_run_computes_is_what_athena_reads(later_run: tuple[Workspace, Any]) -> None:
    compiled = compiled_for_athena(*later_run)
    assert "id_movimentacao in (select * from touched_keys)" in compiled["fct_movimentacao_cartao"]
    found = {name: athena_sql.problems(sql) for name, sql in compiled.items()}
    assert {name: problem for name, problem in found.items() if problem} == {}


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
    assert [path.name for path in files if question.search(path.read_text(encoding="utf-8"))] == []


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
