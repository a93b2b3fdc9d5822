"""A database file gives the same answers after it is copied, renamed or attached."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
from conftest import Workspace


def test_every_relation_survives_another_name_of_the_file(sample: Workspace, tmp_path: Path) -> None:
    sample.build()
    shutil.copy(sample.database, tmp_path / "copied.duckdb")
    listed = sample.query(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema not like '%landed%' order by all"
    )
    assert ("lastro_mensageria", "chatbot_answers_pivoted") in listed
    assert any(name.startswith("chatbot_flow_") for _, name in listed)
    expected = {names: sample.query(f'select count(*) from {names[0]}."{names[1]}"') for names in listed}
    with duckdb.connect(str(tmp_path / "copied.duckdb"), read_only=True) as con:
        for (schema, name), rows in expected.items():
            assert con.execute(f'select count(*) from {schema}."{name}"').fetchall() == rows, name
    with duckdb.connect() as con:
        con.execute(f"attach '{tmp_path}/copied.duckdb' as elsewhere (read_only)")
        for (schema, name), rows in expected.items():
            assert con.execute(f'select count(*) from elsewhere.{schema}."{name}"').fetchall() == rows, name
