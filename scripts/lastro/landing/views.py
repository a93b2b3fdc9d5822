"""The landed sources as DuckDB views, each over exactly the listed files."""

from __future__ import annotations

import json
from pathlib import Path

from duckdb import DuckDBPyConnection

from lastro.contract import RawTable
from lastro.landing.land import LandedFile
from lastro.landing.reader import parquet_columns
from lastro.landing.sql import literal, quoted, without_wildcards


def declare(
    conn: DuckDBPyConnection, schema: str, name: str, columns: dict[str, str], paths: list[Path]
) -> None:
    """Create a view over exactly the listed files; without any, an empty view with the same columns."""
    if paths:
        listed = ", ".join(literal(without_wildcards(path)) for path in paths)
        partition = (
            ", hive_partitioning = true, hive_types = {'file_id': bigint}" if "file_id=" in listed else ""
        )
        rows = f"read_parquet([{listed}]{partition})"
        query = f"select {', '.join(quoted(column) for column in columns)} from {rows}"
    else:
        nulls = [f"cast(null as {kind}) as {quoted(column)}" for column, kind in columns.items()]
        query = f"select {', '.join(nulls)} where false"
    conn.execute(f"create schema if not exists {quoted(schema)}")
    conn.execute(f"create or replace view {quoted(schema)}.{quoted(name)} as {query}")


def declare_parquet(
    conn: DuckDBPyConnection, schema: str, table: RawTable, raw: Path, files: list[LandedFile]
) -> None:
    """Create a view over the raw Parquet files themselves, with the lineage columns of landed rows."""
    names = {name for file in files for name in json.loads(file.column_names or "[]")}
    columns = [f"{value} as {quoted(name)}" for name, value in parquet_columns(table, names).items()]
    paths = ", ".join(literal(without_wildcards(raw / file.source_file)) for file in files)
    identities = ", ".join(f"({literal(str(raw / file.source_file))}, {file.file_id})" for file in files)
    conn.execute(f"create schema if not exists {quoted(schema)}")
    conn.execute(
        f"create or replace view {quoted(schema)}.{quoted(table.name)} as"
        f" select {', '.join(columns)}, files.file_id"
        f" from read_parquet([{paths}], union_by_name = true, filename = true, file_row_number = true)"
        " as rows"
        f" inner join (values {identities}) as files (path, file_id) on rows.filename = files.path"
    )
