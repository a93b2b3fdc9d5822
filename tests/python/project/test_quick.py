"""The build without dbt, on which properties rest, makes what dbt makes."""

from __future__ import annotations

from collections.abc import Callable

from conftest import MARTS, Tables, Workspace


def test_a_build_without_dbt_equals_dbts(built_sample: Workspace, quick: Callable[..., Tables]) -> None:
    # The columns of the pivoted answers are looked up while dbt compiles.
    tables = [table for table in MARTS if not table.endswith("_pivoted")]
    without_dbt = quick(*(table.split(".")[1] for table in tables)).snapshot(tables)
    assert all(without_dbt.values())
    assert without_dbt == built_sample.snapshot(tables)
