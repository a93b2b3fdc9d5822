"""The landed sources as DuckDB views, each over exactly the listed files."""

from __future__ import annotations

import json
from pathlib import Path

from duckdb import DuckDBPyConnection

from lastro.contract import RawTable, read_contract
from lastro.landing.land import LIST, LIST_COLUMNS, LandedFile, Landing
from lastro.landing.reader import LINEAGE, parquet_columns
from lastro.landing.sql import literal, quoted, without_wildcards


def declare_landed(conn: DuckDBPyConnection, schema: str, raw: Path, folder: Path, landing: Landing) -> None:
    """Declare the list of files and every raw table over what was landed.

    Args:
        conn: The database.
        schema: The schema of the list; a table's is the same with the name of its source.
        raw: The raw root.
        folder: Where it was landed.
        landing: What was landed.
    """
    declare(conn, schema, "arquivos", LIST_COLUMNS, [folder / LIST])
    for table in read_contract():
        files = [file for file in landing.files if _is_of(file, table)]
        if table.is_parquet and files:
            declare_parquet(conn, f"{schema}_{table.source}", table, raw, files)
            continue
        columns = {column.name: "varchar" for column in table.columns} | LINEAGE | {"file_id": "bigint"}
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
