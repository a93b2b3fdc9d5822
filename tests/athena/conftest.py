"""One lake for the whole run, because Trino takes a quarter of a minute to start."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from emulator.lake import NO_TESTS, Lake, hashable, running_lake


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Yield a running lake; its trace of requests is copied to `LASTRO_LAKE_TRACE`, if set."""
    folder = tmp_path_factory.mktemp("lake")
    with running_lake(folder) as lake:
        yield lake
    if os.environ.get("LASTRO_LAKE_TRACE"):
        shutil.copyfile(folder / "trace.jsonl", os.environ["LASTRO_LAKE_TRACE"])


def is_old(path: Path) -> None:
    """Give a file an old time: one that was read a moment after it changed is read again."""
    os.utime(path, (1_700_000_000, 1_700_000_000))


class Duck:
    """The same project built on DuckDB."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "lastro.duckdb"

    def build(self, lake: Lake, raw: Path) -> None:
        """Build a raw root from scratch."""
        self.database.unlink(missing_ok=True)
        result = lake.run(
            *("dbt", "build", "--quiet", "--target", "duckdb", "--target-path", str(self.folder / "target")),
            *NO_TESTS,
            LASTRO_RAW=str(raw),
            LASTRO_LANDED=str(self.folder / "landed"),
            LASTRO_DB=str(self.database),
        )
        assert result.returncode == 0, result.stdout

    def query(self, sql: str) -> list[tuple]:
        """Return the rows of a query on the build."""
        with duckdb.connect(str(self.database), read_only=True) as con:
            return [hashable(row) for row in con.execute(sql).fetchall()]


@pytest.fixture(scope="session")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Duck:
    return Duck(tmp_path_factory.mktemp("duck"))


@pytest.fixture(scope="session")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a four-month sample with every defect, whose files a test may add and remove."""
    folder = tmp_path_factory.mktemp("raw") / "raw"
    command = [str(Path(sys.executable).with_name("lastro")), "sample", "--to", str(folder), "--months", "4"]
    subprocess.run(command, check=True, capture_output=True)
    for path in folder.rglob("*.*"):
        is_old(path)
    return folder
