"""The rejected lines of a batch for its sender: in its own layout, each with its line and what is wrong."""

from __future__ import annotations

import codecs
import csv
import datetime
import json
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import xlsxwriter

from lastro.contract import RawTable, read_contract
from lastro.database import opened
from lastro.export.files import whole_file
from lastro.landing import reader
from lastro.landing.text import UnreadableFile
from lastro.receive import reading
from lastro.receive.containers import Kind, kind_of, unpack
from lastro.receive.convert import open_received, standard_format
from lastro.receive.events import Events
from lastro.receive.fixed_width import LINE_WIDTH
from lastro.receive.formats import Format, Mapped, Place, read_formats, version_of
from lastro.receive.layout import ADDED, Line, Received, escaped, unescaped
from lastro.receive.pictures import Picture, amount_of
from lastro.receive.places import kept_name, scratch_folder
from lastro.receive.refusal import Refused
from lastro.receive.roots import root_at

SOURCE, TABLE = "cobranca", "dividas"
_REJECTED = """
select linha_original, mensagens
from lastro_cobranca.dividas_rejeitadas
where id_lote = ?
"""


@dataclass
class _Batch:
    """A batch whose rejected lines go back: its open file, and what is wrong with which line."""

    received: Received
    form: Format
    kind: Kind
    path: Path
    wrong: dict[int, str]
    written: int = 0

    def lines(self) -> Iterator[tuple[Line, str]]:
        """Yield each rejected line and what is wrong with it."""
        for line in self.received.lines:
            if line.number in self.wrong:
                self.written += 1
                yield line, self.wrong[line.number]

    def own(self, cells: Sequence[object]) -> list[object]:
        """Return cells without those of a file of rejected lines."""
        return [cell for at, cell in enumerate(cells) if at not in self.received.added_at]


def export_rejects(database: Path, raw: str, received: str, id_lote: str, folder: Path) -> tuple[Path, int]:
    """Write the rejected lines of a batch, as the last build knows them; see `write_rejects`.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        raw: The raw root, which has the events of the batch.
        received: The root of received files.
        id_lote: The batch.
        folder: The folder to write to, created if necessary.
    """
    # That there is no such batch is said first.
    _said(raw, id_lote)
    return write_rejects(rejected_lines(database, id_lote), raw, received, id_lote, folder)


def write_rejects(
    wrong: dict[int, str],
    raw: str,
    received: str,
    id_lote: str,
    folder: Path,
    formats: list[Format] | None = None,
) -> tuple[Path, int]:
    """Write the rejected lines of a batch in its sender's layout, ready to be corrected and sent again.

    Args:
        wrong: What is wrong with each rejected line.
        raw: The raw root, which has the events of the batch.
        received: The root of received files.
        id_lote: The batch.
        folder: The folder to write to, created if necessary.
        formats: The formats of clients; those of the project by default.

    Returns:
        The path of the file and its rows.

    Raises:
        RuntimeError: The rejected lines are not of this file.
        ValueError: There is no such batch, or its file is no longer kept.
    """
    said = _said(raw, id_lote)
    table = next(table for table in read_contract() if (table.source, table.name) == (SOURCE, TABLE))
    name = kept_name(said["arquivo"])
    root = root_at(received)
    if root.entry(f"{id_lote}/{name}") is None:
        raise ValueError(
            f"the file of {id_lote} is no longer among the received files, so its lines cannot be written."
            " Restore it there, or use `lastro export dividas_rejeitadas`."
        )
    with scratch_folder() as scratch, reading.database().cursor() as con:
        try:
            [member] = unpack(root.local(f"{id_lote}/{name}", scratch), scratch)
            kind = kind_of(member.path)
            form = _format(said, table, kind, formats)
            opened_file = open_received(con, member.path, kind, form, table, scratch, said.get("corrige", ""))
            batch = _Batch(opened_file, form, kind, member.path, wrong)
            path = folder / f"rejeitadas_{id_lote}{_ending(member.name or name, form)}"
            with whole_file(path) as partial:
                _WRITERS[form.container](batch, partial, table)
                if batch.written != len(wrong):
                    raise RuntimeError(
                        f"{len(wrong) - batch.written} rejected lines of {id_lote} are not in its file:"
                        " the build is of other files. Run `dbt build`."
                    )
        except (Refused, UnreadableFile) as error:
            raise ValueError(
                f"the file of {id_lote} cannot be read by its format any more: {error}"
            ) from None
    return path, batch.written


def _said(raw: str, id_lote: str) -> dict[str, str]:
    """Return what the events of an accepted batch say."""
    events = Events(root_at(raw)).of_batch(id_lote)
    if not events:
        raise ValueError(f"there is no batch {id_lote}. List them: lastro batch list.")
    accepted = next((event.dados for event in reversed(events) if event.evento == "aceito"), {})
    if (accepted.get("source_name"), accepted.get("table_name")) != (SOURCE, TABLE):
        raise ValueError(
            f"{id_lote} is no accepted batch of {SOURCE}.{TABLE}, so no lines go back. Look at it:"
            f" lastro batch status {id_lote}."
        )
    received = next(event.dados for event in events if event.evento == "recebido")
    return received | accepted


def rejected_lines(database: Path, id_lote: str) -> dict[int, str]:
    """Return what is wrong with each rejected line of a batch.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        id_lote: The batch.

    Raises:
        FileNotFoundError: The database does not exist.
        RuntimeError: The database is not a finished build.
        ValueError: Nothing of the batch was rejected.
    """
    with opened(database) as con:
        try:
            rows = con.execute(_REJECTED, [id_lote]).fetchall()
        except duckdb.CatalogException:
            raise RuntimeError(f"{database} has no dividas_rejeitadas. Run `dbt build`.") from None
    if not rows:
        raise ValueError(f"the build has no rejected lines of {id_lote}.")
    return {int(line): str(message or "") for line, message in rows}


def _format(said: dict[str, str], table: RawTable, kind: Kind, formats: list[Format] | None) -> Format:
    client, version = said["id_cliente"], said.get("versao_formato")
    if version is None:
        container = "planilha" if kind in (Kind.xlsx, Kind.xls) else "delimitado"
        return standard_format(table, client, container)
    found = version_of(read_formats() if formats is None else formats, table, client, version)
    if found is None:
        raise ValueError(f"version {version} of the format of {client} is no longer declared. Put it back.")
    return found


def _ending(name: str, form: Format) -> str:
    if form.container == "planilha":
        return ".xlsx"
    plain = Path(name.removesuffix(".gz").removesuffix(".zip")).suffix
    return plain or {"json": ".json", "delimitado": ".csv"}.get(form.container, ".txt")


# --- Delimited ---


def _write_delimited(batch: _Batch, target: Path, table: RawTable) -> None:
    received = batch.received
    delimiter, encoding = str(received.delimiter), _encoding(batch)
    titles = [str(line) for line in received.before]
    header = [titles.pop()] if batch.form.has_header else []
    end = _line_end(batch.path, encoding)
    with target.open("w", encoding=encoding, newline="", errors="replace") as out:
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end)
        for title in titles:
            out.write(_harmless(title, delimiter) + end)
        for names in header:
            if received.is_returned:
                writer.writerow([*batch.own(_cells(names, delimiter)), *ADDED])
            else:
                out.write(delimiter.join([names, *ADDED]) + end)
        width = len(batch.own(_cells(header[0], delimiter))) if header else 0
        for line, message in batch.lines():
            cells = [str(cell) for cell in batch.own(line.cells or ())]
            if received.is_returned:
                cells = [unescaped(cell) for cell in cells]
            if line.problem:
                # It cannot be cut, so all of it is in the first cell, and the reason stands where it belongs.
                cells = [str(line.text), *[""] * (max(width, 1) - 1)]
            said = escaped(_in_encoding(message, encoding))
            writer.writerow([*map(escaped, cells), line.number, said])


def _harmless(title: str, delimiter: str) -> str:
    """Return a line above the table, which nobody reads again, without formulas."""
    cells = title.split(delimiter)
    return delimiter.join(escaped(cell) for cell in cells)


def _cells(line: str, delimiter: str) -> list[str]:
    with reading.database().cursor() as con:
        return reader.cells_of(con, line, delimiter) or [line]


def _encoding(batch: _Batch) -> str:
    encoding = batch.received.encoding or "utf-8"
    with batch.path.open("rb") as file:
        has_mark = file.read(3) == codecs.BOM_UTF8
    return "utf-8-sig" if has_mark and codecs.lookup(encoding).name == "utf-8" else encoding


def _line_end(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        start = file.read(1_000_000)
    return "\r\n" if "\r\n" in start.decode(encoding, errors="ignore") else "\n"


def _in_encoding(text: str, encoding: str) -> str:
    """Return a text without accents, if the encoding has none."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text


# --- Sheets ---


def _write_sheet(batch: _Batch, target: Path, table: RawTable) -> None:
    with xlsxwriter.Workbook(
        str(target), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        page = book.add_worksheet()
        formats = {
            datetime.date: book.add_format({"num_format": "dd/mm/yyyy"}),
            datetime.datetime: book.add_format({"num_format": "dd/mm/yyyy hh:mm:ss"}),
            datetime.time: book.add_format({"num_format": "hh:mm:ss"}),
            datetime.timedelta: book.add_format({"num_format": "[h]:mm:ss"}),
        }
        rows = [list(row) for row in batch.received.before]
        has_header = batch.form.has_header
        width = _filled_width(rows[-1]) if has_header else 0
        if has_header:
            rows[-1] = [*batch.own(rows[-1][:width]), *ADDED]
            width -= len(batch.received.added_at)
        at = 0
        for row in rows:
            _write_cells(page, at, row, formats)
            at += 1
        for line, message in batch.lines():
            cells = [line.text, *[""] * (max(width, 1) - 1)] if line.problem else batch.own(line.cells or ())
            _write_cells(page, at, [*cells, line.number, message], formats)
            at += 1


def _filled_width(row: Sequence[object]) -> int:
    return max((at for at, cell in enumerate(row, start=1) if cell != ""), default=0)


def _write_cells(
    page: xlsxwriter.worksheet.Worksheet,
    at: int,
    row: Sequence[object],
    formats: dict[type, xlsxwriter.format.Format],
) -> None:
    """Write cells with their types; text is text, whatever it begins with."""
    for column, cell in enumerate(row):
        if isinstance(cell, bool):
            page.write_boolean(at, column, cell)
        elif isinstance(cell, int | float):
            page.write_number(at, column, cell)
        elif type(cell) in formats and not (isinstance(cell, datetime.date) and cell.year < 1900):
            kind = type(cell)
            if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
                kind = datetime.date
            page.write_datetime(at, column, cell, formats[kind])
        elif cell not in ("", None):
            page.write_string(at, column, str(cell))


# --- Fixed width ---


def _write_records(batch: _Batch, target: Path, table: RawTable) -> None:
    form, received = batch.form, batch.received
    records, totals = form.records, form.totals
    if records is None:
        raise ValueError(f"the format {form.version} of {form.client} has no records")
    encoding = str(form.encoding)
    end = _line_end(batch.path, encoding)
    amounts = next((each for each in form.columns if each.column == table.amount), None)
    rows, amount = 0, Decimal(0)

    def record(text: str, line: str, message: str) -> str:
        fitting = text[: records.length].ljust(records.length)
        return f"{fitting}{line:>{LINE_WIDTH}} {_in_encoding(message, encoding)}{end}"

    with target.open("w", encoding=encoding, newline="", errors="replace") as out:
        out.write(record(str(received.before[0]), *ADDED))
        for line, message in batch.lines():
            out.write(record(str(line.text), str(line.number), message))
            rows += 1
            amount += _amount(line, amounts)
        if received.end is not None:
            trailer = str(received.end.cells[0])
            counted = rows + (2 if totals.counts_all else 0)
            trailer = _replaced(trailer, totals.rows, Picture("9(18)"), counted)
            out.write(_replaced(trailer, totals.amount, totals.picture, amount) + end)


def _amount(line: Line, mapped: Mapped | None) -> Decimal:
    if line.text is None or line.problem or mapped is None or not isinstance(mapped.origin, Place):
        return Decimal(0)
    return amount_of(mapped.picture.reader(mapped.origin.of(line.text)))


def _replaced(record: str, place: object, picture: Picture, total: Decimal | int) -> str:
    if not isinstance(place, Place):
        return record
    return record[: place.first - 1] + picture.write(total, place.width) + record[place.last :]


# --- JSON ---


def _write_objects(batch: _Batch, target: Path, table: RawTable) -> None:
    encoding = _encoding(batch)
    with batch.path.open(encoding=encoding, errors="ignore") as file:
        start = ""
        while not start.strip("\ufeff \t\r\n") and (block := file.read(4096)):
            start += block
    is_array = start.strip("\ufeff \t\r\n").startswith("[")
    opening, between, closing = ("[\n", ",\n", "\n]\n") if is_array else ("", "\n", "\n")
    with target.open("w", encoding=encoding, newline="", errors="replace") as out:
        out.write(opening)
        for at, (line, message) in enumerate(batch.lines()):
            out.write((between if at else "") + _with_added(line, message))
        out.write(closing)


def _with_added(line: Line, message: str) -> str:
    """Return the text of an object with two more keys; the rest of it stays as it came."""
    added = dict(zip(ADDED, (line.number, message), strict=True))
    text = (line.text or "").strip()
    try:
        known = json.loads(text)
    except ValueError:
        known = None
    if not isinstance(known, dict):
        return json.dumps({"texto_original": text} | added, ensure_ascii=False)
    more = json.dumps(added, ensure_ascii=False)[1:]
    if known.keys() & set(ADDED):
        return json.dumps(known | added, ensure_ascii=False)
    return f"{text[:-1].rstrip()}{', ' if known else ''}{more}"


_WRITERS: dict[str, Callable[[_Batch, Path, RawTable], None]] = {
    "delimitado": _write_delimited,
    "planilha": _write_sheet,
    "largura_fixa": _write_records,
    "json": _write_objects,
}
