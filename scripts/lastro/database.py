"""The DuckDB file that dbt built, as the commands read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


@contextmanager
def opened(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to a build.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: Another process writes to it, or it is no DuckDB file.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database} does not exist. Run `make build` first.")
    try:
        con = duckdb.connect(str(database), read_only=True)
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise OSError(f"{database} is open in another process. Wait until that ends.") from None
        raise OSError(f"{database} cannot be read as a DuckDB file: {error}") from None
    with con:
        con.execute("set enable_progress_bar = false")
        yield con
