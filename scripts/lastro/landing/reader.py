"""Read a raw file into a Parquet file: each cell as text, its line, and text that cells do not restore.

The SQL files in this folder do the reading; this module gives them the file, its delimiter and its columns.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import duckdb

from lastro import contract
from lastro.contract import ORIGINAL_LINE, Column, RawTable
from lastro.landing import text
from lastro.landing.sql import literal, quoted, without_wildcards
from lastro.landing.text import Text, UnreadableFile

FOLDER = Path(__file__).parent
DELIMITERS = [",", ";", "\t", "|"]
# A dictionary for a column of distinct values costs a third of the writing time and saves nothing.
_PARQUET = "compression zstd, compression_level 1, string_dictionary_page_size_limit 20000"
_ABSENT = "cast(null as varchar)"
# The columns of a landed row besides its cells. The partition identifies its file.
LINEAGE = {
    "_line_number": "bigint",
    "_raw_row": "varchar",
    "_row_problem": "varchar",
    "_delimiter": "varchar",
    "_extra_columns": "varchar",
}
# What a writer that parsed the rows itself says of them: what it could not parse, why, what more it found.
VERDICTS = {"_raw": "_raw_row", "_problem": "_row_problem", "_extra": "_extra_columns"}


@dataclass(frozen=True)
class Reading:
    """What the reader found in a file.

    Attributes:
        delimiter: The delimiter; None for JSON and Parquet.
        header_line: The line of the header; None for JSON and Parquet.
        column_names: The columns of the file, in lower case; None for JSON.
        extra_columns: The columns that the table does not declare, in lower case; None for JSON.
        rows: The number of rows.
        lines_set_free: Whether each line is a row, because an unclosed quote had swallowed rows.
    """

    delimiter: str | None = None
    header_line: int | None = None
    column_names: tuple[str, ...] | None = None
    extra_columns: tuple[str, ...] | None = None
    rows: int = 0
    lines_set_free: bool = False


def version(table: RawTable) -> str:
    """Return a fingerprint of what a landed file depends on besides its raw file: code and declaration."""
    code = [*sorted(FOLDER.glob("*.sql")), Path(__file__), Path(text.__file__), Path(contract.__file__)]
    parts = [path.read_bytes() for path in code] + [repr(table).encode()]
    return sha256(b"\0".join(parts)).hexdigest()[:16]


def read(con: duckdb.DuckDBPyConnection, table: RawTable, prepared: Text, target: Path) -> Reading:
    """Write the rows of a prepared file as Parquet.

    Args:
        con: A connection for this call alone; its temporary objects are replaced.
        table: The raw table that the file belongs to.
        prepared: The file as `text.prepare` returns it.
        target: The Parquet file to write.

    Returns:
        The file's layout and the number of rows written.

    Raises:
        UnreadableFile: The structure of the file cannot be trusted. Nothing is written.
    """
    _set(con, path=without_wildcards(prepared.path))
    _set(con, absent_character=prepared.absent_character)
    con.execute(_sql("lines"))
    try:
        reading = _read_json(con, table, target) if table.is_json else _read_csv(con, table, prepared, target)
    except duckdb.InvalidInputException as error:
        raise UnreadableFile(_without_data(str(error), prepared.path), "linha_longa") from None
    [(rows,)] = con.execute("select count(*) from read_parquet(?)", [without_wildcards(target)]).fetchall()
    return replace(reading, rows=rows)


def split(
    con: duckdb.DuckDBPyConnection, table: RawTable, prepared: Text, delimiter: str | None = None
) -> Reading:
    """Split a prepared delimited file into the rows of the view `split_rows` of a connection.

    Args:
        con: A connection for this call alone; its temporary objects are replaced.
        table: The raw table that the file belongs to.
        prepared: The file as `text.prepare` returns it.
        delimiter: One of DELIMITERS; None to detect it.

    Returns:
        The file's layout, without the number of rows.

    Raises:
        UnreadableFile: The structure of the file cannot be trusted.
    """
    _set(con, path=without_wildcards(prepared.path))
    _set(con, absent_character=prepared.absent_character)
    con.execute(_sql("lines"))
    try:
        return _split(con, table, prepared, delimiter)
    except duckdb.InvalidInputException as error:
        raise UnreadableFile(_without_data(str(error), prepared.path), "linha_longa") from None


def cells_of(con: duckdb.DuckDBPyConnection, line: str, delimiter: str) -> list[str] | None:
    """Return the cells of one line, or None if a quote in it is not closed."""
    con.execute(_sql("csv_macros").replace("¦", delimiter))
    [(is_open, cells)] = con.execute(
        "select ends_open(line), list_transform(cut(line), lambda cell: loosely_unquoted(cell))"
        " from (select ? as line)",
        [line],
    ).fetchall()
    return None if is_open else cells


def delimiter_of(header: str) -> str:
    """Return the delimiter that a header has most of."""
    return max(DELIMITERS, key=lambda candidate: (header.count(candidate), candidate))


def read_parquet(con: duckdb.DuckDBPyConnection, table: RawTable, path: Path, target: Path | None) -> Reading:
    """Inspect a raw Parquet file, which is its own landed form, and copy its rows if a target is given.

    Args:
        con: A connection.
        table: The raw table that the file belongs to.
        path: The raw file.
        target: The Parquet file for its landed rows, if readers cannot open the raw file.

    Returns:
        The file's columns and its number of rows.

    Raises:
        UnreadableFile: It is not a Parquet file, or lacks a required column.
    """
    options = "file_row_number = true, hive_partitioning = false"
    rows = f"read_parquet({literal(without_wildcards(path))}, {options})"
    try:
        described = con.execute(f"describe select * exclude (file_row_number) from {rows}").fetchall()
        names = tuple(column[0].lower() for column in described)
        [(count,)] = con.execute(f"select count(*) from {rows}").fetchall()
    except duckdb.Error:
        raise UnreadableFile(
            "it is not a complete Parquet file. Request it again.", "parquet_ilegivel"
        ) from None
    missing = [name for name in table.required if name not in names]
    if missing:
        raise UnreadableFile(
            f"required column {', '.join(missing)} is missing; the file has {_described(table, names)}.",
            "coluna_ausente",
        )
    if target:
        _write(con, parquet_columns(table, names), f"{rows} as rows", target)
    declared = [column.name for column in table.columns]
    extra = tuple(name for name in names if name not in declared and name not in VERDICTS)
    return Reading(column_names=names, extra_columns=extra, rows=count)


def parquet_columns(table: RawTable, names: Collection[str]) -> dict[str, str]:
    """Return the landed columns of a raw Parquet file with these columns, as expressions on its `rows`."""
    columns = {column.name: _parquet_cell(column, column.name in names) for column in table.columns}
    there = [column.name for column in table.columns if column.name in names]
    pairs = ", ".join(f"{literal(name)}, rows.{quoted(name)}" for name in there)
    lineage = {name: f"cast(null as {kind})" for name, kind in LINEAGE.items()}
    # Parquet has no lines and no raw text: use the row number and, unless one is wide, the cells as JSON.
    lineage |= {"_line_number": "rows.file_row_number + 1"}
    if not any(column.is_wide for column in table.columns):
        lineage |= {"_raw_row": f"cast(json_object({pairs}) as varchar)"}
    lineage |= {target: f"cast(rows.{name} as varchar)" for name, target in VERDICTS.items() if name in names}
    return columns | lineage


def _parquet_cell(column: Column, is_there: bool) -> str:
    """Return a column's landed cell as an expression on the `rows` of a Parquet file."""
    if not is_there:
        return f"cast(null as {column.landed_type})"
    cell = f"rows.{quoted(column.name)}"
    if column.landed_type == "timestamp":
        return f"try_cast({cell} as timestamptz) at time zone 'UTC'"
    return f"{'try_cast' if column.is_typed else 'cast'}({cell} as {column.landed_type})"


def _read_csv(con: duckdb.DuckDBPyConnection, table: RawTable, prepared: Text, target: Path) -> Reading:
    reading = _split(con, table, prepared, None)
    names, delimiter = reading.column_names or (), reading.delimiter or ","
    declared = [column.name for column in table.columns]
    extra = tuple(name for name in names if name not in declared)
    # Joining cells in the declared order by the delimiter restores the text of a row without quotes.
    is_plain = list(names) == declared
    columns = {name: f"cells[{names.index(name) + 1}]" if name in names else _ABSENT for name in declared}
    pairs = ", ".join(f"{literal(name)}, cells[{names.index(name) + 1}]" for name in extra)
    columns |= {
        "_line_number": "line_number",
        "_raw_row": "case when cells is null or contains(record, '\"') then record end"
        if is_plain
        else "record",
        "_row_problem": "row_problem",
        "_delimiter": literal(delimiter),
        "_extra_columns": f"case when cells is not null then cast(json_object({pairs}) as varchar) end"
        if extra
        else _ABSENT,
    }
    _write(con, columns, "split_rows", target)
    return reading


def _split(con: duckdb.DuckDBPyConnection, table: RawTable, prepared: Text, delimiter: str | None) -> Reading:
    found = con.execute(
        "select line_number, line from lines where trim(line, ' ' || chr(9)) <> '' limit 1"
    ).fetchone()
    if found is None:
        raise UnreadableFile(
            "line 1: the file is empty. Even a month without rows has a header: request the file again.",
            "arquivo_vazio",
        )
    header_line, header = found
    delimiter = delimiter or delimiter_of(header)
    cells = cells_of(con, header, delimiter)
    if cells is None:
        raise UnreadableFile(
            f"line {header_line}: a quote in the header is not closed. Correct the header.", "aspas_abertas"
        )
    names = tuple(cell.strip(" \t\ufeff").lower() or f"column_{at}" for at, cell in enumerate(cells, start=1))
    _refuse_header(table, header_line, names)
    _set(con, header_line=header_line, column_count=len(names))
    con.execute(_sql("quoted_lines") if prepared.has_quotes else _NO_QUOTED_LINES)
    lines_set_free = prepared.has_quotes and _swallows_rows(con, table, names, delimiter)
    if lines_set_free:
        con.execute("delete from quoted_lines")
    con.execute(_sql("split_rows"))
    declared = [column.name for column in table.columns]
    # The gate writes the original line itself: it is kept, and no surprise.
    unknown = tuple(name for name in names if name not in (*declared, ORIGINAL_LINE))
    return Reading(delimiter, header_line, names, unknown, lines_set_free=lines_set_free)


_NO_QUOTED_LINES = (
    "create or replace temp table quoted_lines"
    " as select 0::bigint as first_line, 0::bigint as last_line, 0::bigint as line_number where false"
)


def _refuse_header(table: RawTable, line: int, names: tuple[str, ...]) -> None:
    missing = [name for name in table.required if name not in names]
    if missing:
        raise UnreadableFile(
            f"line {line}: required column {', '.join(missing)} is missing; the header has"
            f" {_described(table, names)}. Correct the header, or declare the column optional.",
            "coluna_ausente",
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UnreadableFile(
            f"line {line}: column {', '.join(repeated)} appears twice in the header."
            " Remove or rename one of them.",
            "coluna_repetida",
        )


def _described(table: RawTable, names: tuple[str, ...]) -> str:
    """Return the declared columns among these names, and how many others: without a header they are data."""
    declared = [column.name for column in table.columns if column.name in names]
    others = len(names) - len(declared)
    return ", ".join(declared + ([f"{others} not declared"] if others else []))


def _swallows_rows(
    con: duckdb.DuckDBPyConnection, table: RawTable, names: tuple[str, ...], delimiter: str
) -> bool:
    """Return whether a quoted cell spans lines that are rows themselves, or never closes."""
    keys = [names.index(name) + 1 for name in table.key if name in names]
    has_key = " and ".join(f"trim(cells[{at}], ' \"') <> ''" for at in keys) or "true"
    [(swallows,)] = con.execute(
        _sql("swallowed_rows").replace("true /* has key */", has_key).replace("¦", delimiter)
    ).fetchall()
    return swallows


def _read_json(con: duckdb.DuckDBPyConnection, table: RawTable, target: Path) -> Reading:
    first = con.execute("select left(trim(line), 1) from lines where trim(line) <> '' limit 1").fetchone()
    if first is None:
        raise UnreadableFile(
            "line 1: the file is empty. Request it again; an hour without events is [].", "arquivo_vazio"
        )
    if first[0] != "[":
        con.execute(_sql("json_lines"))
        _write_json(con, table, target)
        return Reading()
    con.execute(_sql("json_array"))
    try:
        _write_json(con, table, target)
    except duckdb.InvalidInputException:
        con.execute(_sql("json_broken_array"))
        _write_json(con, table, target)
    return Reading()


def _write_json(con: duckdb.DuckDBPyConnection, table: RawTable, target: Path) -> None:
    """Write each object's cells as text, and each map as a JSON object with sorted keys and text values."""

    def path(name: str) -> str:
        return literal(f'$."{name}"')

    declared = "[" + ", ".join(literal(column.name) for column in table.columns) + "]"
    problems = [
        ("keys is null", "row:not_json"),
        ("json_type(record) <> 'OBJECT'", "row:not_an_object"),
        # Most rows have the declared keys in their order, which is cheaper to see than that none is repeated.
        (f"keys <> {declared} and len(keys) <> len(list_distinct(keys))", "row:repeated_key"),
        # Nobody types a NUL, and no engine accepts one in a key.
        ("contains(record, '\\u0000')", "row:nul_character"),
    ]
    for column in table.columns:
        if column.is_map:
            of_map = f"json_keys(record, {path(column.name)})"
            problems += [
                (
                    f"json_type(record, {path(column.name)}) not in ('OBJECT', 'NULL')",
                    f"{column.name}:not_an_object",
                ),
                (
                    f"len({of_map}) > 1 and len({of_map}) <> len(list_distinct({of_map}))",
                    f"{column.name}:repeated_key",
                ),
            ]
    con.execute(
        "create or replace temp view checked_records as select *, case "
        + " ".join(f"when {condition} then {literal(problem)}" for condition, problem in problems)
        + " end as row_problem"
        " from (select *, case when json_valid(record) then json_keys(record) end as keys from records)"
    )
    columns = {
        column.name: f"""cast(to_json(map_from_entries(list_sort(map_entries(
            cast(json_extract(sound, {path(column.name)}) as map(varchar, varchar))
        )))) as varchar)"""
        if column.is_map
        else f"json_extract_string(sound, {path(column.name)})"
        for column in table.columns
    }
    others = json.dumps({column.name: None for column in table.columns})
    columns |= {
        "_line_number": "line_number",
        "_raw_row": "record",
        "_row_problem": "row_problem",
        "_delimiter": _ABSENT,
        "_extra_columns": f"""case
            when row_problem is null and len(keys) > {len(table.columns)}
                then cast(json_merge_patch(sound, {literal(others)}) as varchar)
        end""",
    }
    rows = "(select *, case when row_problem is null then record end as sound from checked_records)"
    _write(con, columns, rows, target)


def _write(con: duckdb.DuckDBPyConnection, columns: dict[str, str], rows: str, target: Path) -> None:
    listed = ", ".join(f"{value} as {quoted(name)}" for name, value in columns.items())
    con.execute(f"copy (select {listed} from {rows}) to {literal(str(target))} (format parquet, {_PARQUET})")


def _without_data(message: str, path: Path) -> str:
    """Return DuckDB's message about an unreadable file without its advice and without the line it quotes."""
    if "Maximum line size" in message:
        with path.open("rb") as file:
            line = next((at for at, text in enumerate(file, start=1) if len(text) > 2_000_000), 1)
        return f"line {line}: the line is longer than 2 MB. Request the file with a line end after each row."
    return message.split("\n")[0].split(":")[0] + ". The file cannot be read as text lines."


def _sql(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def _set(con: duckdb.DuckDBPyConnection, **variables: str | int) -> None:
    for name, value in variables.items():
        con.execute(f"set variable {name} = {value if isinstance(value, int) else literal(value)}")
