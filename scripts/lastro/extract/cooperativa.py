"""Extraction: copies the tables of a cooperative's PostgreSQL to dated files of the raw contract.

One read-only transaction reads all four tables from one snapshot of the database. COPY streams them, so no
table is ever in memory. Movements are taken from a watermark on, minus an overlap of some days for late
commits. The files get their names once all are complete, and the watermark moves after that. An extract
cannot resume midway: if one ends early, the next takes everything that it would have taken.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import yaml
from psycopg import sql

from lastro import PROJECT

MOVEMENTS, WATERMARK = "movimentacao_cartao", "data_movimentacao"
CONTRACT = PROJECT / "models" / "cooperativa" / "_cooperativa__sources.yml"
PROGRESS_BYTES = 1_000_000
DATE, TIMESTAMP, TIMESTAMPTZ = 1082, 1114, 1184  # pg_type.oid


class Column(NamedTuple):
    """One column of the raw contract."""

    name: str
    required: bool


class Table(NamedTuple):
    """One raw table and its place in the source.

    Attributes:
        name: The name of the raw table.
        relation: The source's relation, with or without its schema.
        columns: SQL over the relation for each column of the contract that the source has, by name.
    """

    name: str
    relation: sql.Identifier
    columns: dict[str, sql.Composable]


class Extract(NamedTuple):
    """One file that was written."""

    path: Path
    rows: int


class _State(NamedTuple):
    """The last extract of movements: its day, the time it took them from, and the newest it saw."""

    day: date
    since: str | None
    watermark: str | None


def extract(
    dsn: str,
    raw: Path,
    day: date | None = None,
    since: datetime | None = None,
    overlap_days: int = 3,
    mapping: Path | None = None,
    progress: Callable[[str, int], None] = lambda table, size: None,
) -> list[Extract]:
    """Write one dated extract of every table.

    Args:
        dsn: PostgreSQL connection string or URI; the PG* variables fill in the rest.
        raw: The raw root; the files go to raw/cooperativa/<table>/<table>_YYYYMMDD.csv.
        day: The date of the extract; by default the server's date in UTC.
        since: Take movements from this time on, if that is further back than the overlap.
        overlap_days: Days to take again before the newest movement of the last extract.
        mapping: TOML file with the differences between source and contract; see `read_mapping`.
        progress: Called with the name of the table and the bytes written so far.

    Returns:
        The files, in the order they were written. They replace earlier files of the same day.

    Raises:
        ValueError: The source lacks something the contract requires, the day is before the last extract or in
            the future, or the folder has extracts from elsewhere and `since` is missing.
        psycopg.Error: The server refuses, or the connection is lost. Nothing is written.
        OSError: The files cannot be written; the next run repeats this one.
    """
    folder = raw / "cooperativa"
    state_path = folder / ".extract.json"
    state = _read_state(state_path)
    if state is None and since is None and (others := sorted(folder.glob("*/*.csv"))):
        raise ValueError(
            f"{others[-1]} was not written by lastro extract. Choose another folder with --raw or LASTRO_RAW,"
            " or use --since to add movements from a given time on to what is there."
        )
    contract, differences = read_contract(), read_mapping(mapping)
    with _snapshot(dsn) as connection:
        tables = [
            _table(connection, name, columns, differences.get(name, {})) for name, columns in contract.items()
        ]
        today = connection.execute("select (now() at time zone 'UTC')::date").fetchone()[0]
        day = day or today
        if day > today:
            raise ValueError(f"{day} is in the future: the server's date is {today} in UTC. Omit --date.")
        if state and day < state.day:
            raise ValueError(
                f"{day} is before the last extract, of {state.day}: the source holds only its present state. "
                "Omit --date, or give a later one."
            )
        movements = next(table for table in tables if table.name == MOVEMENTS)
        start = _movements_from(state, day, since, overlap_days)
        watermark = _newest(connection, movements, day)
        for left in folder.glob("*/.*.partial"):
            left.unlink()  # A killed run left it.
        written = []
        partials: dict[Path, Path] = {}
        try:
            for table in tables:
                path = folder / table.name / f"{table.name}_{day:%Y%m%d}.csv"
                partials[path] = path.with_name(f".{path.name}.partial")
                after = sql.SQL("")
                if table.name == MOVEMENTS and start:
                    # Also take movements without a plausible date, so that the build rejects them visibly.
                    after = sql.SQL(" where {0} >= {1} or {0} is null or {0} < '1990-01-01'").format(
                        table.columns[WATERMARK], sql.Literal(start)
                    )
                written.append(Extract(path, _copy(connection, table, after, partials[path], progress)))
            if state is None:
                # If this run ends between two files, the next run recognizes these files and re-extracts.
                _write_state(state_path, _State(day, start, None))
            for path, partial in partials.items():
                partial.replace(path)
        finally:
            for partial in partials.values():
                partial.unlink(missing_ok=True)
    _write_state(state_path, _State(day, start, watermark))
    return written


def read_contract() -> dict[str, list[Column]]:
    """Return the raw tables of the cooperative as the source YAML declares them."""
    (source,) = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["sources"]
    return {
        table["name"]: [
            Column(column["name"], not column.get("config", {}).get("meta", {}).get("optional", False))
            for column in table["columns"]
        ]
        for table in source["tables"]
    }


def read_mapping(path: Path | None) -> dict[str, dict[str, Any]]:
    """Read the differences between a source and the contract.

    The file has one TOML table per raw table. `relation` is the table's name in the source. `columns` maps a
    column of the contract to a differently named column of the source, or to
    `{ sql = "an expression over the relation" }`. For a local time, write for example
    `data at time zone 'America/Sao_Paulo'`; a timestamp without a zone is taken as UTC. The file is the
    operator's and is trusted like a program.

    Args:
        path: The TOML file; None for no differences.

    Returns:
        The TOML tables, by raw table.

    Raises:
        ValueError: The file is malformed, or names a table or column that the contract does not have.
    """
    if path is None:
        return {}
    try:
        mapping = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: {error}") from error
    contract = read_contract()
    for name, table in mapping.items():
        if name not in contract or not isinstance(table, dict):
            raise ValueError(f"{path}: [{name}] is not a raw table. Raw tables: {', '.join(contract)}.")
        if other := table.keys() - {"relation", "columns"}:
            raise ValueError(f"{path}: [{name}] has {min(other)}; allowed are relation and columns.")
        if not isinstance(table.get("relation", ""), str) or not isinstance(table.get("columns", {}), dict):
            raise ValueError(f"{path}: [{name}] relation must be a string and columns a table.")
        names = [column.name for column in contract[name]]
        for column, source in table.get("columns", {}).items():
            if column not in names:
                raise ValueError(f"{path}: {name} has no column {column}. It has {', '.join(names)}.")
            is_sql = isinstance(source, dict) and list(source) == ["sql"] and isinstance(source["sql"], str)
            if not isinstance(source, str) and not is_sql:
                raise ValueError(
                    f'{path}: {name}.{column} is {source!r}; write "column" or {{ sql = "expression" }}.'
                )
    return mapping


@contextmanager
def _snapshot(dsn: str) -> Iterator[psycopg.Connection]:
    """Yield a read-only connection that sees one snapshot of the database until the end."""
    with psycopg.connect(dsn, application_name="lastro extract") as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("set local timezone = 'UTC'")
        connection.execute("set local datestyle = 'ISO'")
        connection.execute("set local extra_float_digits = 1")
        connection.execute("set local statement_timeout = 0")
        yield connection
        connection.rollback()


def _table(
    connection: psycopg.Connection, name: str, contract: list[Column], mapping: dict[str, Any]
) -> Table:
    """Return the SQL that reads a raw table from the source."""
    relation = sql.Identifier(*mapping.get("relation", name).split("."))
    try:
        found = connection.execute(sql.SQL("select * from {} limit 0").format(relation)).description
    except psycopg.errors.UndefinedTable as error:
        raise ValueError(
            f"the source has no table {mapping.get('relation', name)}. "
            f"Give the source's name of {name} in a --mapping file."
        ) from error
    there = [column.name for column in found]
    columns: dict[str, sql.Composable] = {}
    for column in contract:
        source = mapping.get("columns", {}).get(column.name, column.name)
        if isinstance(source, dict):
            columns[column.name] = sql.SQL("(" + source["sql"] + ")")
        elif source in there:
            columns[column.name] = sql.Identifier(source)
        elif column.required or source != column.name:
            raise ValueError(
                f"{mapping.get('relation', name)} has no column {source} for {name}.{column.name}; it has"
                f" {', '.join(there)}. Give the source's column in a --mapping file."
            )
    return Table(name, relation, columns)


def _movements_from(state: _State | None, day: date, since: datetime | None, overlap_days: int) -> str | None:
    """Return the time from which to take movements; None for all of them."""
    asked = since and since.isoformat(sep=" ")
    if state is None:
        return asked
    if state.day == day or state.watermark is None:
        # This run replaces the day's file, or the last run did not finish: take at least what that run took.
        needed = state.since
    else:
        needed = str(datetime.fromisoformat(state.watermark) - timedelta(days=overlap_days))
    # --since may reach further back, never less far: a gap would never be filled.
    return min(needed, asked) if needed and asked else needed


def _newest(connection: psycopg.Connection, movements: Table, day: date) -> str | None:
    """Return the newest movement up to a day. A mistyped future year must not hide the movements to come."""
    moment = movements.columns[WATERMARK]
    query = sql.SQL("select {} from {} limit 0").format(moment, movements.relation)
    (column,) = connection.execute(query).description
    if column.type_code not in (DATE, TIMESTAMP, TIMESTAMPTZ):
        raise ValueError(
            f"{MOVEMENTS}.{WATERMARK} is of type {column.type_display}, not a time. Convert it in a --mapping"
            f' file: {WATERMARK} = {{ sql = "…::timestamptz" }}.'
        )
    query = sql.SQL("select max({0})::timestamp::text from {1} where isfinite({0}) and {0} < {2}").format(
        moment, movements.relation, sql.Literal(day + timedelta(1))
    )
    return connection.execute(query).fetchone()[0]


def _copy(
    connection: psycopg.Connection,
    table: Table,
    after: sql.Composable,
    path: Path,
    progress: Callable[[str, int], None],
) -> int:
    """Stream a table to a file, and return its number of rows."""
    query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(table.columns.values()), table.relation)
    types = [column.type_code for column in connection.execute(query + sql.SQL(" limit 0")).description]
    cells = sql.SQL(", ").join(
        sql.SQL("{} as {}").format(_cell(source, type_code), sql.Identifier(name))
        for (name, source), type_code in zip(table.columns.items(), types, strict=True)
    )
    copy = sql.SQL("copy (select {} from {}{}) to stdout (format csv, header, encoding 'utf8')").format(
        cells, table.relation, after
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    size = shown = 0
    progress(table.name, size)
    with connection.cursor() as cursor, path.open("wb") as file:
        with cursor.copy(copy) as chunks:
            for chunk in chunks:
                file.write(chunk)
                size += len(chunk)
                # A chunk is one row: reporting each would take longer than reading it.
                if size >= shown + PROGRESS_BYTES:
                    shown = size
                    progress(table.name, size)
        file.flush()
        os.fsync(file.fileno())
        progress(table.name, size)
        return cursor.rowcount


def _cell(source: sql.Composable, type_code: int) -> sql.Composable:
    """Return SQL for a value as the raw contract wants it: exact text, a point in time with its offset."""
    if type_code in (TIMESTAMP, TIMESTAMPTZ):
        offset = '"Z"' if type_code == TIMESTAMPTZ else ""
        return sql.SQL(
            "case when isfinite({0}) then to_char({0}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US{1}') else {0}::text end"
        ).format(source, sql.SQL(offset))
    return sql.SQL("{}::text").format(source)


def _read_state(path: Path) -> _State | None:
    if not path.exists():
        return None
    state = json.loads(path.read_text(encoding="utf-8"))
    return _State(date.fromisoformat(state["day"]), state["since"], state["watermark"])


def _write_state(path: Path, state: _State) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps({**state._asdict(), "day": str(state.day)}) + "\n", encoding="utf-8")
    partial.replace(path)
