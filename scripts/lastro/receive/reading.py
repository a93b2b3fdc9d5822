"""Reading text as a build does, but strictly: what a build has to take on trust, the gate can ask about."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import gettempdir

import duckdb

from lastro.contract import RawTable
from lastro.landing import reader, text
from lastro.landing.settings import memory_limit
from lastro.landing.sql import literal
from lastro.landing.text import Text
from lastro.receive.refusal import Refused

_FOLDER = Path(__file__).parent
# What a cell of a typed column looks like, whether or not it is one.
_LOOKS_LIKE = {
    "date": "([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}/[0-9]{2}/[0-9]{4})",
    "timestamp": "[0-9]{4}-[0-9]{2}-[0-9]{2}.*",
    "decimal": "-?(R\\$ ?)?-?[0-9][0-9., ]*",
}


@cache
def database() -> duckdb.DuckDBPyConnection:
    """Return the database of this process; each file gets a cursor, whose temporary objects are its own."""
    config = {
        # One query per file, on one thread: lines are numbered in order, and files are read at the same time.
        "threads": 1,
        "memory_limit": memory_limit(),
        "temp_directory": str(Path(gettempdir()) / f"lastro_receive_{os.getpid()}"),
        "preserve_insertion_order": False,
    }
    return duckdb.connect(config=config)


def prepare(
    source: Path,
    encoding: str | None,
    copy: Path,
    progress: Callable[[int], None] = lambda bytes_done: None,
) -> Text:
    """Decode a text file, as `text.prepare` does.

    Raises:
        UnreadableFile: It is not in its encoding.
        Refused: It contains NUL.
    """
    prepared = text.prepare(source, encoding, copy, progress)
    if prepared.nul_line is not None:
        raise Refused(
            "byte_nulo",
            f"line {prepared.nul_line}: the character NUL, first at byte {_first_nul(source)}."
            " The file is damaged, or no text: send it again.",
        )
    return prepared


def refuse_other_than_json(path: Path) -> None:
    """Refuse a prepared text that does not begin like JSON."""
    with path.open(encoding="utf-8") as file:
        start = ""
        while not start.strip("\ufeff \t\r\n") and (block := file.read(4096)):
            start += block
    start = start.strip("\ufeff \t\r\n")
    if start and start[0] not in "[{":
        raise Refused("json_ilegivel", "line 1: the file does not begin with [ or {. Send it as JSON.")


def refuse_doubtful_quotes(
    con: duckdb.DuckDBPyConnection, table: RawTable, reading: reader.Reading, added_lines: int = 0
) -> None:
    """Refuse a file whose quotes can be read in two ways.

    Args:
        con: The connection that has its `split_rows`.
        table: The raw table, which says what a row looks like.
        reading: What the reader found.
        added_lines: The lines that the gate wrote above the file's own.
    """
    if reading.lines_set_free:
        [(line,)] = con.execute(
            "select min(line_number) from split_rows where row_problem in ('row:unbalanced_quote',"
            " 'row:text_after_quote')"
        ).fetchall()
        raise Refused(
            "aspas_abertas",
            f"line {(line or reading.header_line or 1) - added_lines}: a quote is opened and never closed, so"
            " it swallows lines. Close it, and write a quote inside a cell twice.",
        )
    names = reading.column_names or ()
    joined = _first(con, "joined_rows", reading.delimiter, _is_a_row(table, names))
    if joined:
        raise Refused(
            "aspas_abertas",
            f"line {joined[0] - added_lines}: a quoted cell goes on to line {joined[1] - added_lines}, which"
            " is a row of its own. Close the quote, and write a quote inside a cell twice.",
        )
    stray = _first(con, "stray_quotes", reading.delimiter, "")
    if stray:
        raise Refused(
            "aspas_soltas",
            f"line {stray[0] - added_lines}, column {stray[1]}: a quote inside a cell that is not quoted."
            " Quote the cell, and write the quote twice.",
        )


def _first_nul(path: Path) -> int:
    before = 0
    with path.open("rb") as file:
        while block := file.read(1024 * 1024):
            at = block.find(b"\0")
            if at >= 0:
                return before + at
            before += len(block)
    return before


def _is_a_row(table: RawTable, names: tuple[str, ...]) -> str:
    """Return SQL that says whether cells look like a row of a table; never, if it has no dates or numbers."""
    conditions = []
    for column in table.columns:
        pattern = _LOOKS_LIKE.get(column.type.split("(")[0])
        if pattern and column.required and column.name in names:
            cell = f"trim(cells[{names.index(column.name) + 1}], ' \"')"
            conditions.append(f"regexp_full_match({cell}, {literal(pattern)})")
    keys = [f"trim(cells[{names.index(name) + 1}], ' \"') <> ''" for name in table.key if name in names]
    return " and ".join(conditions + keys) if conditions else "false"


def _first(
    con: duckdb.DuckDBPyConnection, name: str, delimiter: str | None, is_a_row: str
) -> tuple[int, int] | None:
    sql = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    sql = sql.replace("true /* is a row */", is_a_row).replace("¦", delimiter or ",")
    return con.execute(sql).fetchone()
