"""Any mart as one file, with its rows, R$ and checksum beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import duckdb

from lastro.database import opened
from lastro.export.files import Style, write, write_report
from lastro.export.marts import Mart
from lastro.landing.sql import literal, quoted


def export_table(
    database: Path,
    mart: Mart,
    where: Mapping[str, str],
    style: Style,
    folder: Path,
    progress: Callable[[float], None] = lambda percent: None,
) -> tuple[Path, int]:
    """Write the rows of a mart, ordered by its key, and beside it a JSON file with rows, R$ and SHA-256.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        mart: What to write.
        where: Only the rows in which each of these columns has this value.
        style: How to write them.
        folder: The folder to write to, created if necessary.
        progress: Called with the percentage done.

    Returns:
        The path of the file and its number of rows.

    Raises:
        FileNotFoundError: The database does not exist.
        ValueError: A column does not exist, a value is not of its type, no row is left, or a workbook cannot
            hold them; nothing is written.
        duckdb.Error: The database is not a finished build.
    """
    relation = f"{quoted(mart.schema)}.{quoted(mart.name)}"
    with opened(database) as con:
        condition = _condition(con, mart, where)
        total = f"sum({quoted(mart.amount)})" if mart.amount else "null"
        rows, amount = con.execute(f"select count(*), {total} from {relation} where {condition}").fetchone()
        if where and not rows:
            asked = " and ".join(f"{column}={value}" for column, value in where.items())
            raise ValueError(f"{mart.name} has no row with {asked}. Nothing is written.")
        order = ", ".join(map(quoted, mart.key))
        # Encoded, so that no two conditions share a name.
        chosen = [f"{column}={quote(value, safe='')}" for column, value in where.items()]
        path = style.path(folder, "_".join([mart.name, *chosen]))
        query = f"select * from {relation} where {condition} order by {order}"
        written = write(con, query, path, style, progress)
    if written != rows:
        path.unlink()
        raise ValueError(f"only {written} of {rows} rows were written. Export again.")
    write_report(path, rows, {mart.amount: str(amount or 0)} if mart.amount else {})
    return path, rows


def _condition(con: duckdb.DuckDBPyConnection, mart: Mart, where: Mapping[str, str]) -> str:
    described = con.execute(f"describe {quoted(mart.schema)}.{quoted(mart.name)}").fetchall()
    types = {column: kind for column, kind, *_ in described}
    conditions = ["true"]
    for column, value in where.items():
        if column not in types:
            raise ValueError(f"{mart.name} has no column {column!r}. It has {', '.join(types)}.")
        try:
            con.execute(f"select cast($1 as {types[column]})", [value])
        except duckdb.Error:
            raise ValueError(f"{column}={value}: {value!r} is not a {types[column]}.") from None
        conditions.append(f"{quoted(column)} = cast({literal(value)} as {types[column]})")
    return " and ".join(conditions)
