"""The DuckDB file that dbt built, opened for the commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


class InUseError(OSError):
    """Another process is writing to the database; it can be read as soon as that ends."""


@contextmanager
def opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a read-only connection to a build.

    Raises:
        FileNotFoundError: The file does not exist.
        InUseError: Another process is writing to it.
        OSError: It is not a DuckDB file.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database} does not exist. Run `make build` first.")
    try:
        con = duckdb.connect(str(database), read_only=True)
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise InUseError(f"{database} is open in another process. Wait until it finishes.") from None
        raise OSError(f"{database} cannot be read as a DuckDB file: {error}") from None
    with con:
        con.execute("set enable_progress_bar = false")
        yield con
