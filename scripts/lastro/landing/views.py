"""The landed sources as DuckDB views, each over exactly the listed files."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from duckdb import DuckDBPyConnection

from lastro.contract import RawTable, read_contract
from lastro.landing.land import LIST, LIST_COLUMNS, LandedFile, Landing
from lastro.landing.reader import LINEAGE, parquet_columns
from lastro.landing.sql import literal, quoted, without_wildcards


def declare_landed(conn: DuckDBPyConnection, schema: str, folder: Path, landing: Landing) -> None:
    """Declare the list of files and every raw table over what was landed.

    Args:
        conn: The database.
        schema: The schema of the list; a table's is the same with the name of its source.
        folder: Where it was landed.
        landing: What was landed.
    """
    declare(conn, schema, "arquivos", LIST_COLUMNS, [folder / LIST])
    for table in read_contract():
        files = [file for file in landing.files if _is_of(file, table)]
        if table.is_parquet and files:
            declare_parquet(conn, f"{schema}_{table.source}", table, folder, files)
            continue
        columns = {column.name: column.landed_type for column in table.columns}
        columns |= LINEAGE | {"file_id": "bigint"}
        paths = [folder / file.name for file in files]
        declare(conn, f"{schema}_{table.source}", table.name, columns, paths)


def _is_of(file: LandedFile, table: RawTable) -> bool:
    return (file.source_name, file.table_name) == (table.source, table.name) and not file.problem


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
    conn: DuckDBPyConnection, schema: str, table: RawTable, folder: Path, files: list[LandedFile]
) -> None:
    """Create a view over links to the raw Parquet files, with the lineage columns of landed rows."""
    layouts: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        layouts[file.column_names or "[]"].append(folder / file.name)
    selects = []
    for names, paths in layouts.items():
        columns = [
            f"{value} as {quoted(name)}" for name, value in parquet_columns(table, json.loads(names)).items()
        ]
        listed = ", ".join(literal(without_wildcards(path)) for path in paths)
        selects.append(
            f"select {', '.join(columns)}, file_id from read_parquet([{listed}], file_row_number = true,"
            " hive_partitioning = true, hive_types = {'file_id': bigint}) as rows"
        )
    conn.execute(f"create schema if not exists {quoted(schema)}")
    conn.execute(
        f"create or replace view {quoted(schema)}.{quoted(table.name)} as {' union all '.join(selects)}"
    )
