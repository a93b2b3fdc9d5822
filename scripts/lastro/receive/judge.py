"""The judgement of one file: whose it is, what it is, whether its structure and its totals can be trusted."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from hashlib import file_digest
from pathlib import Path

import duckdb

from lastro.contract import ORIGINAL_LINE, Arrival, RawTable
from lastro.landing import reader
from lastro.landing.count import count_csv, count_json, count_parquet
from lastro.landing.sql import literal, quoted, without_wildcards
from lastro.landing.text import Text, UnreadableFile
from lastro.receive import reading as readings
from lastro.receive.containers import Kind, kind_of
from lastro.receive.convert import Converted, convert, open_received, standard_format
from lastro.receive.formats import GATE_COLUMNS, Format, format_for, version_of
from lastro.receive.layout import Returned, keeps_problems
from lastro.receive.refusal import Refused
from lastro.receive.sheets import sheet_as_text
from lastro.receive.totals import refuse_difference

# Decoding takes this part of the time of reading; a file of more bytes than this shows how far reading is.
_DECODING, _LARGE = 0.3, 50_000_000
# What a file is converted from takes about as long to read as what it is converted to.
_CONVERTING = 0.5
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
        ignored: Lines that are no rows by agreement.
        corrects: The batch whose rejected lines come back in this file, as its name says.
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
    ignored: int = 0
    corrects: str | None = None


def judge(
    path: Path,
    arrival: Arrival,
    formats: list[Format],
    scratch: Path,
    name: str,
    control: bytes | None,
    progress: Callable[[float], None] = lambda percent: None,
    returned: Returned | None = None,
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
        returned: The batch whose rejected lines its name says it brings back.

    Raises:
        Refused: It cannot be trusted.
    """
    table = arrival.table
    kind = kind_of(path)
    if table.is_parquet:
        return _judge_parquet(path, arrival, kind, control)
    if returned is None:
        form = format_for(formats, table, arrival.client, name)
    else:
        form = version_of(formats, table, arrival.client, returned.version) if returned.version else None
    if form is None and keeps_problems(table):
        form = _implied_format(path, arrival, kind, scratch)
    if form:
        return _judge_layout(path, arrival, kind, form, scratch, control, progress, returned)
    derived = scratch / "derived.csv"
    warnings: list[str] = []
    source, said = path, "json" if table.is_json else "csv"
    if kind in (Kind.xlsx, Kind.xls) and not table.is_json:
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
        version=None,
        encoding=prepared.encoding if source is path else None,
        rows=reading.rows,
        row_groups=row_groups,
        amount=amount,
        warnings=tuple(warnings),
    )


def _judge_layout(
    path: Path,
    arrival: Arrival,
    kind: Kind,
    form: Format,
    scratch: Path,
    control: bytes | None,
    progress: Callable[[float], None],
    returned: Returned | None,
) -> Accepted:
    """Judge a file in its sender's layout, by what it is converted to."""
    table, derived = arrival.table, scratch / "derived.csv"
    size, inner = max(path.stat().st_size, 1), scratch / "layout"
    inner.mkdir()
    corrects = returned.id_lote if returned else None

    def decoded(done: int) -> None:
        if size > _LARGE:
            progress(100 * _CONVERTING * _DECODING * done / size)

    try:
        with readings.database().cursor() as con:
            received = open_received(con, path, kind, form, table, inner, corrects or "", progress=decoded)
            converted: Converted = convert(received, form, table, arrival.client, derived)
    except UnreadableFile as error:
        raise Refused(error.code, str(error)) from None
    prepared, reading, row_groups = _read(
        derived, table, "utf-8", scratch, lambda percent: progress(100 * _CONVERTING + _CONVERTING * percent)
    )
    amount = None if control is None else _refuse_other_totals(control, derived, prepared.encoding, table)
    return Accepted(
        arrival=arrival,
        path=derived,
        sha256=prepared.sha256,
        kind=_kind_said(kind, form),
        version=str(form.version) if form.version else None,
        encoding=converted.encoding,
        rows=reading.rows,
        row_groups=row_groups,
        amount=amount,
        warnings=converted.warnings,
        ignored=converted.ignored,
        corrects=corrects if converted.is_returned else None,
    )


def _kind_said(kind: Kind, form: Format) -> str:
    if form.container == "planilha":
        return kind.value
    return "csv" if form.container == "delimitado" else form.container


def _implied_format(path: Path, arrival: Arrival, kind: Kind, scratch: Path) -> Format | None:
    """Return the format of a file without an agreement, if its columns are not published as they came.

    A sheet is converted as ever. In text, what the gate itself writes beside the cells is not taken from a
    sender: neither the columns of a file of rejected lines, nor what looks like them.
    """
    if kind in (Kind.xlsx, Kind.xls):
        return standard_format(arrival.table, arrival.client, "planilha")
    if kind is not Kind.text:
        return None
    try:
        prepared = readings.prepare(path, arrival.table.encoding, scratch / "peeked.txt")
    except UnreadableFile as error:
        raise Refused(error.code, str(error)) from None
    with prepared.path.open(encoding="utf-8") as file:
        header = ""
        while not header.strip(" \t\n") and (line := file.readline(1_000_000)):
            header = line.rstrip("\n")
    (scratch / "peeked.txt").unlink(missing_ok=True)
    with readings.database().cursor() as con:
        cells = reader.cells_of(con, header, reader.delimiter_of(header)) or []
    names = {cell.strip(" \t\ufeff").lower() for cell in cells}
    return standard_format(arrival.table, arrival.client, "delimitado") if names & set(GATE_COLUMNS) else None


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
        prepared = readings.prepare(
            source,
            encoding,
            scratch / "prepared.txt",
            lambda done: progress(100 * _DECODING * done / size) if is_large else None,
        )
        with readings.database().cursor() as con:
            if table.is_json:
                readings.refuse_other_than_json(prepared.path)
            with _shown(con, progress if is_large else None):
                reading = reader.read(con, table, prepared, rows)
            if prepared.has_quotes and not table.is_json:
                readings.refuse_doubtful_quotes(con, table, reading)
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
