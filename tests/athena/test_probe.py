"""Snapshots, a new column in a mart and more than a hundred partitions, on a separate probe project."""

from __future__ import annotations

import pytest
from emulator.lake import ICEBERG, PROJECT, Lake

PROBE = PROJECT / "tests" / "athena" / "probe"


@pytest.fixture(scope="module")
def rounds(lake: Lake) -> Lake:
    """Build the probe three times, each time with different data."""
    for number in (1, 2, 3):
        build = lake.dbt(
            *("build", "--project-dir", str(PROBE), "--profiles-dir", str(PROJECT)),
            *("--vars", f"{{lastro_probe_round: {number}}}"),
            LASTRO_ATHENA_SCHEMA="probe",
        )
        assert build.returncode == 0, build.stdout[-3000:]
    return lake


def test_a_snapshot_remembers(rounds: Lake) -> None:
    """A, B, A gives three versions, and a row that is gone is closed."""
    rows = rounds.query(
        f"select id, city, dbt_valid_to is null as is_current from {ICEBERG}.probe.members order by id, dbt_valid_from"
    )
    assert rows == [(1, "Recife", False), (1, "Natal", False), (1, "Recife", True), (2, "Olinda", False)]


def test_a_new_column_is_added_and_known_rows_are_merged(rounds: Lake) -> None:
    rows = rounds.query(f"select id, told, new_column from {ICEBERG}.probe.growing order by id")
    assert rows == [
        (1, "round 3", 10),
        (2, "round 3", 20),
        (3, "round 1", None),
        (4, "round 2", 40),
        (5, "round 3", 50),
    ]


def test_more_partitions_than_athena_opens_at_once(rounds: Lake) -> None:
    assert rounds.query(f"select count(*), count(distinct first_day) from {ICEBERG}.probe.many_months") == [
        (150, 150)
    ]
