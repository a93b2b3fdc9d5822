"""The build without dbt, which the properties rely on, gives the same tables as dbt."""

from __future__ import annotations

from collections.abc import Callable

from conftest import MARTS, Tables, Workspace


def test_a_build_without_dbt_equals_dbts(built_sample: Workspace, quick: Callable[..., Tables]) -> None:
    # dbt looks up the columns of the pivoted answers while it compiles, so a build without dbt cannot.
    tables = [table for table in MARTS if not table.endswith("_pivoted")]
    without_dbt = quick(*(table.split(".")[1] for table in tables)).snapshot(tables)
    assert all(without_dbt.values())
    assert without_dbt == built_sample.snapshot(tables)
