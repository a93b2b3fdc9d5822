"""The assumptions of the static gate hold on the engine."""

from __future__ import annotations

import athena_sql
import pytest
import trino
from athena_sql.examples import GOOD
from emulator.lake import Lake


def test_the_saved_functions_are_the_engines(lake: Lake) -> None:
    listed = {row[0].lower() for row in lake.query("show functions")}
    assert listed == athena_sql.functions()


@pytest.mark.parametrize("sql", GOOD)
def test_what_the_gate_passes_the_engine_can_read(lake: Lake, sql: str) -> None:
    """An accepted query fails on the engine only because its tables do not exist."""
    try:
        lake.query(sql)
    except trino.exceptions.TrinoQueryError as error:
        assert error.error_name in (
            "TABLE_NOT_FOUND",
            "COLUMN_NOT_FOUND",
            "SCHEMA_NOT_FOUND",
            "CATALOG_NOT_FOUND",
        )
