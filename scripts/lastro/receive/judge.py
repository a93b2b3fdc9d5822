"""The judgement of one file: whose it is, what it is, whether its structure and its totals can be trusted."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from hashlib import file_digest
from pathlib import Path
from tempfile import gettempdir

import duckdb

from lastro.contract import ORIGINAL_LINE, Arrival, RawTable
from lastro.landing import reader, text
from lastro.landing.count import count_csv, count_json, count_parquet
from lastro.landing.settings import memory_limit
from lastro.landing.sql import literal, quoted, without_wildcards
from lastro.landing.text import Text, UnreadableFile
from lastro.receive.containers import Kind, kind_of
from lastro.receive.formats import FixedWidth, fixed_width_as_text, refuse_difference
from lastro.receive.refusal import Refused
from lastro.receive.sheets import sheet_as_text

_FOLDER = Path(__file__).parent
# What a cell of a typed column looks like, whether or not it is one.
_LOOKS_LIKE = {
    "date": "([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}/[0-9]{2}/[0-9]{4})",
    "timestamp": "[0-9]{4}-[0-9]{2}-[0-9]{2}.*",
    "decimal": "-?(R\\$ ?)?-?[0-9][0-9., ]*",
}
# Decoding takes this part of the time of reading; a file of more bytes than this shows how far reading is.
_DECODING, _LARGE = 0.3, 50_000_000
_CONTROL = re.compile(r"\s*(?P<what>linhas|valor)\s*[=:;]\s*(?P<total>[^\r\n]+?)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Accepted:
    """A file that can be trusted.

    Attributes:
        path: The file to publish: the received one, or the text that was made of it.
        sha256: The SHA-256 of the bytes to publish, in hexadecimal.
        kind: What was received, such as csv, xlsx or largura_fixa.
        version: The version of the agreed format, if there is one.
        encoding: The encoding of the received text, as Python names it.
        rows: The rows that the reader of a build finds.
        row_groups: The parts in which a build reads them.
        amount: The sum in R$, if a total was declared and therefore counted.
        warnings: Codes of what does not stop the file.
    """

    arrival: Arrival
    path: Path
    sha256: str
    kind: str
    version: str | None
    encoding: str | None
    rows: int
    row_groups: int
    amount: Decimal | None
    warnings: tuple[str, ...]


def judge(
    path: Path,
    arrival: Arrival,
    formats: list[FixedWidth],
    scratch: Path,
    name: str,
    control: bytes | None,
    progress: Callable[[float], None] = lambda percent: None,
) -> Accepted:
    """Judge a file that is no archive, by the reader that a build uses.

    Args:
        path: The file.
        arrival: What its name says.
        formats: The agreed formats.
        scratch: A folder for this file alone.
        name: Its name under the inbox.
        control: The bytes of its control file, if it has one.
        progress: Called with the percentage of the text that is read, now and then.

    Raises:
        Refused: It cannot be trusted.
    """
    table = arrival.table
    layout = next((each for each in formats if each.applies(table, arrival.client, name)), None)
    kind = kind_of(path)
    derived = scratch / "derived.csv"
    warnings: list[str] = []
    source, said = path, "json" if table.is_json else "csv"
    if table.is_parquet:
        return _judge_parquet(path, arrival, kind, control)
    if kind is Kind.text and layout:
        fixed_width_as_text(path, layout, table.amount, derived)
        source, said = derived, "largura_fixa"
    elif kind in (Kind.xlsx, Kind.xls) and not table.is_json:
        warnings += sheet_as_text(path, table, derived)
        source, said = derived, kind.value
    elif kind is Kind.parquet and not table.is_json:
        _parquet_as_text(path, derived)
        source, said = derived, kind.value
    elif kind is not Kind.text:
        raise Refused("tipo_desconhecido", f"{table.name} takes no {kind.value}. Send it as {said}.")
    declared = table.encoding if source is path else "utf-8"
    prepared, reading, row_groups = _read(source, table, declared, scratch, progress)
    warnings += [f"coluna_desconhecida:{column}" for column in reading.extra_columns or ()]
    amount = None if control is None else _refuse_other_totals(control, source, prepared.encoding, table)
    return Accepted(
        arrival=arrival,
        path=source,
        sha256=prepared.sha256,
        kind=said,
        version=layout.version if layout else None,
        encoding=layout.encoding if layout else prepared.encoding if source is path else None,
        rows=reading.rows,
        row_groups=row_groups,
        amount=amount,
        warnings=tuple(warnings),
    )


def _judge_parquet(path: Path, arrival: Arrival, kind: Kind, control: bytes | None) -> Accepted:
    if kind is not Kind.parquet:
        raise Refused("tipo_desconhecido", f"{arrival.table.name} takes only Parquet. Send it as Parquet.")
    with duckdb.connect() as con:
        try:
            reading = reader.read_parquet(con, arrival.table, path, None)
        except UnreadableFile as error:
            raise Refused(error.code, str(error)) from None
        _refuse_damaged_pages(con, f"read_parquet({literal(without_wildcards(path))})")
        row_groups = _row_groups(con, path)
    with path.open("rb") as file:
        sha256 = file_digest(file, "sha256").hexdigest()
    warnings = tuple(f"coluna_desconhecida:{column}" for column in reading.extra_columns or ())
    amount = None if control is None else _refuse_other_totals(control, path, "", arrival.table)
    return Accepted(arrival, path, sha256, "parquet", None, None, reading.rows, row_groups, amount, warnings)


def _refuse_damaged_pages(con: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Read every cell of a Parquet file: a build would stop at damage of which its footer says nothing."""
    try:
        con.execute(f"select bit_xor(hash(rows)) from {rows} as rows").fetchall()
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        raise Refused("parquet_ilegivel", "it is not a complete Parquet file. Send it again.") from None


def _parquet_as_text(path: Path, target: Path) -> None:
    rows = f"read_parquet({literal(without_wildcards(path))}, file_row_number = true)"
    with duckdb.connect() as con:
        _refuse_damaged_pages(con, rows)
        names = [row[0] for row in con.execute(f"describe select * from {rows}").fetchall()]
        cells = [
            f"cast({quoted(name)} as varchar) as {quoted(name)}"
            if name != "file_row_number"
            else f"file_row_number + 1 as {ORIGINAL_LINE}"
            for name in names
        ]
        con.execute(
            f"copy (select {', '.join(cells)} from {rows}) to {literal(str(target))} (format csv, header)"
        )


def _read(
    source: Path, table: RawTable, encoding: str | None, scratch: Path, progress: Callable[[float], None]
) -> tuple[Text, reader.Reading, int]:
    """Read a file as a build does, and look for quotes that a build has to take on trust."""
    rows = scratch / "rows.parquet"
    try:
        size = max(source.stat().st_size, 1)
        is_large = size > _LARGE
        prepared = text.prepare(
            source,
            encoding,
            scratch / "prepared.txt",
            lambda done: progress(100 * _DECODING * done / size) if is_large else None,
        )
        if prepared.nul_line is not None:
            raise Refused(
                "byte_nulo",
                f"line {prepared.nul_line}: the character NUL, first at byte {_first_nul(source)}."
                " The file is damaged, or no text: send it again.",
            )
        with _database().cursor() as con:
            if table.is_json:
                _refuse_other_than_json(prepared.path)
            with _shown(con, progress if is_large else None):
                reading = reader.read(con, table, prepared, rows)
            if prepared.has_quotes and not table.is_json:
                _refuse_doubtful_quotes(con, table, reading)
            return prepared, reading, _row_groups(con, rows)
    except UnreadableFile as error:
        raise Refused(error.code, str(error)) from None


@contextmanager
def _shown(con: duckdb.DuckDBPyConnection, progress: Callable[[float], None] | None) -> Iterator[None]:
    """Report how far the statements of a connection are, while the body runs them."""
    if progress is None:
        yield
        return
    con.execute("set enable_progress_bar = true; set enable_progress_bar_print = false")
    done = threading.Event()

    def report() -> None:
        while not done.wait(0.5):
            progress(100 * _DECODING + (1 - _DECODING) * max(0.0, con.query_progress()))

    reporter = threading.Thread(target=report, daemon=True)
    reporter.start()
    try:
        yield
    finally:
        done.set()
        reporter.join()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Return the database of this process; each file gets a cursor, whose temporary objects are its own."""
    config = {
        # One query per file, on one thread: lines are numbered in order, and files are read at the same time.
        "threads": 1,
        "memory_limit": memory_limit(),
        "temp_directory": str(Path(gettempdir()) / f"lastro_receive_{os.getpid()}"),
        "preserve_insertion_order": False,
    }
    return duckdb.connect(config=config)


def _first_nul(path: Path) -> int:
    before = 0
    with path.open("rb") as file:
        while block := file.read(1024 * 1024):
            at = block.find(b"\0")
            if at >= 0:
                return before + at
            before += len(block)
    return before


def _refuse_other_than_json(path: Path) -> None:
    with path.open(encoding="utf-8") as file:
        start = ""
        while not start.strip("\ufeff \t\r\n") and (block := file.read(4096)):
            start += block
    start = start.strip("\ufeff \t\r\n")
    if start and start[0] not in "[{":
        raise Refused("json_ilegivel", "line 1: the file does not begin with [ or {. Send it as JSON.")


def _refuse_doubtful_quotes(con: duckdb.DuckDBPyConnection, table: RawTable, reading: reader.Reading) -> None:
    if reading.lines_set_free:
        [(line,)] = con.execute(
            "select min(line_number) from split_rows where row_problem in ('row:unbalanced_quote',"
            " 'row:text_after_quote')"
        ).fetchall()
        raise Refused(
            "aspas_abertas",
            f"line {line or reading.header_line}: a quote is opened and never closed, so it swallows lines."
            " Close it, and write a quote inside a cell twice.",
        )
    names = reading.column_names or ()
    joined = _first(con, "joined_rows", reading.delimiter, _is_a_row(table, names))
    if joined:
        raise Refused(
            "aspas_abertas",
            f"line {joined[0]}: a quoted cell goes on to line {joined[1]}, which is a row of its own."
            " Close the quote, and write a quote inside a cell twice.",
        )
    stray = _first(con, "stray_quotes", reading.delimiter, "")
    if stray:
        raise Refused(
            "aspas_soltas",
            f"line {stray[0]}, column {stray[1]}: a quote inside a cell that is not quoted. Quote the cell,"
            " and write the quote twice.",
        )


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


def _row_groups(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    [(count,)] = con.execute(
        "select count(distinct row_group_id) from parquet_metadata(?)", [str(path)]
    ).fetchall()
    return count


def _refuse_other_totals(control: bytes, path: Path, encoding: str, table: RawTable) -> Decimal | None:
    """Compare what a control file declares with what is there, and return the sum if it was declared."""
    try:
        lines = [line for line in control.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        lines = [""]
    matches = [_CONTROL.fullmatch(line) for line in lines]
    declared = {match["what"].lower(): match["total"] for match in matches if match}
    if not declared or None in matches:
        raise Refused(
            "controle_ilegivel",
            "the control file must hold lines such as linhas=1234 and valor=5678.90. Send it again.",
        )
    if table.is_parquet:
        count = count_parquet(path, table.amount)
    elif table.is_json:
        count = count_json(path, encoding)
    else:
        count = count_csv(path, encoding, table.amount, table.key)
    counted = (count.amount or Decimal(0)).quantize(Decimal("0.01"))
    if "linhas" in declared:
        refuse_difference("the control file", "rows", declared["linhas"], count.rows)
    if "valor" not in declared:
        return None
    amount = declared["valor"].removeprefix("R$").strip()
    amount = amount.replace(".", "").replace(",", ".") if "," in amount else amount
    refuse_difference("the control file", "R$", amount, counted)
    return counted
