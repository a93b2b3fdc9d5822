"""A file of JSON objects in its sender's layout, read by the reader that a build uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from lastro.contract import Column, RawTable
from lastro.landing import reader
from lastro.landing.sql import literal, without_wildcards
from lastro.landing.text import Text
from lastro.receive import reading
from lastro.receive.formats import Format
from lastro.receive.layout import ADDED, Line, Received, Typed

_CHUNK = 5_000


def open_json(
    con: duckdb.DuckDBPyConnection, prepared: Text, form: Format, table: RawTable, scratch: Path
) -> Received:
    """Open a JSON array or JSON Lines. A line has the text of its object besides the cells of mapped keys.

    Args:
        con: A connection for this file alone, as long as its lines are read.
        prepared: Its text.
        form: Its format.
        table: Its raw table.
        scratch: A folder for this file alone.

    Raises:
        Refused: It does not begin like JSON.
        UnreadableFile: The reader cannot trust it.
    """
    reading.refuse_other_than_json(prepared.path)
    keys = list(dict.fromkeys(str(each.origin) for each in form.columns if each.origin is not None))
    pseudo = RawTable(
        source=table.source,
        name=table.name,
        path="x.json",
        key=tuple(keys[:1]),
        amount=None,
        encoding=None,
        columns=tuple(Column(key, "varchar", True) for key in keys),
    )
    rows = scratch / "objects.parquet"
    reader.read(con, pseudo, prepared, rows)
    source = f"read_parquet({literal(without_wildcards(rows))})"
    has_both = " and ".join(f"json_exists(_raw_row, '$.{name}')" for name in ADDED)
    returned = con.execute(
        f"select 1 from {source} where case when _row_problem is null then {has_both} else false end limit 1"
    ).fetchone()
    at = [None if each.origin is None else keys.index(str(each.origin)) for each in form.columns]
    marked = [keys.index(str(each.origin)) for each in form.columns if each.origin and each.picture.is_marked]
    return Received(
        _lines(con, source, keys, sorted(set(marked))),
        at,
        is_returned=returned is not None and not set(ADDED) & set(keys),
        encoding=prepared.encoding,
    )


def _lines(con: duckdb.DuckDBPyConnection, source: str, keys: list[str], marked: list[int]) -> Iterator[Line]:
    """Yield the objects; a number where a decimal mark was agreed is typed, and needs no picture."""
    cells = ", ".join(reader.quoted(key) for key in keys)
    numbers = ", ".join(
        f"case when _row_problem is null then json_type(_raw_row, {literal(_path(keys[at]))})"
        " in ('DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT') else false end"
        for at in marked
    )
    rows = con.execute(
        f"select _line_number, [{cells}], _raw_row, _row_problem, [{numbers}] from {source} order by 1"
    )
    while chunk := rows.fetchmany(_CHUNK):
        for number, values, text, problem, typed in chunk:
            for at, is_typed in zip(marked, typed, strict=True):
                if is_typed:
                    values[at] = Typed(values[at])
            yield Line(number, None if problem else values, text, problem)


def _path(key: str) -> str:
    return f'$."{key}"'
