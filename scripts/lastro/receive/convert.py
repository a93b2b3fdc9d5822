"""A file in its sender's layout becomes standard CSV: every declared column, in the declared order."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from pathlib import Path

import duckdb

from lastro.contract import ORIGINAL_LINE, RawTable
from lastro.landing.text import Text
from lastro.receive import reading
from lastro.receive.containers import Kind
from lastro.receive.delimited import open_delimited
from lastro.receive.fixed_width import open_fixed_width
from lastro.receive.formats import (
    CLIENT,
    GATE_COLUMNS,
    LINE_PROBLEM,
    LINE_TEXT,
    Format,
    Mapped,
    Place,
    Totals,
)
from lastro.receive.layout import Line, Received, keeps_problems, refuse_problem, unescaped
from lastro.receive.objects import open_json
from lastro.receive.pictures import Picture, amount_of, number_of
from lastro.receive.refusal import Refused
from lastro.receive.sheets import open_sheet, text_of
from lastro.receive.totals import refuse_difference

_CHUNK = 5_000
_TEXT = Picture("X")


@dataclass(frozen=True)
class Converted:
    """What was made of a file.

    Attributes:
        is_returned: Whether it was a file of rejected lines that came back.
        encoding: The encoding of the received text; None for a sheet.
        ignored: Lines that are no rows by agreement.
        warnings: Codes of what does not stop the file.
    """

    is_returned: bool
    encoding: str | None
    ignored: int
    warnings: tuple[str, ...]


def standard_format(table: RawTable, client: str, container: str) -> Format:
    """Return the format of a sender without an agreement: the declared columns by their names, version 0."""
    mapped = [
        Mapped(column.name, column.name, _TEXT) for column in table.columns if column.name not in GATE_COLUMNS
    ]
    return Format(
        client=client,
        source=table.source,
        table=table.name,
        version=0,
        files="*",
        container=container,
        encoding=table.encoding,
        delimiter=None,
        header_at=None,
        ends_with=None,
        ignored=None,
        records=None,
        totals=Totals(None, False, None, _TEXT),
        columns=tuple(mapped),
    )


def open_received(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    kind: Kind,
    form: Format,
    table: RawTable,
    scratch: Path,
    returned: str = "",
    prepared: Text | None = None,
    progress: Callable[[int], None] = lambda bytes_done: None,
) -> Received:
    """Open a file in its sender's layout.

    Args:
        con: A connection for this file alone, as long as its lines are read.
        path: The file, unpacked.
        kind: What it is.
        form: Its format.
        table: Its raw table.
        scratch: A folder for this file alone.
        returned: The batch that a file of rejected lines has in its name, or "".
        prepared: Its text, if it is prepared already.
        progress: Called with the bytes that are decoded.

    Raises:
        Refused: It cannot be trusted, or is in another container than agreed.
        UnreadableFile: The reader cannot trust it.
    """
    is_sheet = form.container == "planilha"
    if (kind in (Kind.xlsx, Kind.xls)) != is_sheet or (not is_sheet and kind is not Kind.text):
        raise Refused(
            "tipo_desconhecido",
            f"version {form.version} of the format is {form.container}, but the file is {kind.value}. Send it"
            " as agreed, or agree on a format for such files.",
        )
    if is_sheet:
        return open_sheet(path, form, table, returned)
    if form.container == "largura_fixa":
        return open_fixed_width(path, form, table)
    encoding = form.encoding or table.encoding
    prepared = prepared or reading.prepare(path, encoding, scratch / "prepared.txt", progress)
    if form.container == "json":
        return open_json(con, prepared, form, table, scratch)
    return open_delimited(con, prepared, form, table, scratch, returned)


def convert(received: Received, form: Format, table: RawTable, client: str, target: Path) -> Converted:
    """Write a received file as standard CSV in UTF-8, and compare it with the totals that it declares.

    Args:
        received: The file.
        form: Its format.
        table: Its raw table.
        client: Its sender.
        target: The file to write.

    Raises:
        Refused: A line cannot be cut and its table has no place for it, or a total does not agree.
    """
    names = [column.name for column in table.columns]
    if ORIGINAL_LINE not in names:
        names.append(ORIGINAL_LINE)
    columns = _Columns(received, form, table, client, names)
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(names)
        while chunk := list(islice(received.lines, _CHUNK)):
            writer.writerows(columns.rows(chunk))
    if not received.is_returned:
        _refuse_totals(received, form, columns)
    return Converted(
        received.is_returned, received.encoding, received.ignored, tuple(dict.fromkeys(received.warnings))
    )


class _Columns:
    """Makes standard rows of lines, a column at a time, and counts them."""

    def __init__(
        self, received: Received, form: Format, table: RawTable, client: str, names: Sequence[str]
    ) -> None:
        self.received, self.table, self.names = received, table, names
        self.mapped = {each.column: (each, at) for each, at in zip(form.columns, received.at, strict=True)}
        self.readers = {each.column: each.picture.reader for each in form.columns}
        self.client = client
        self.sums = form.totals.amount is not None
        # In text every cell is text; in a sheet or an object it may be typed, or missing.
        self.is_text = form.container in ("delimitado", "largura_fixa")
        self.is_escaped = received.is_returned and received.delimiter is not None
        self.count = 0
        self.amount = Decimal(0)
        self.has_problems = False

    def rows(self, lines: Sequence[Line]) -> Iterator[Sequence[str | int | None]]:
        """Return the rows of some lines, in the order of the lines."""
        self.count += len(lines)
        problems = [line for line in lines if line.problem]
        for line in problems:
            if not keeps_problems(self.table):
                refuse_problem(line.number, str(line.problem))
        if problems:
            self.has_problems = True
            sound = self._sound([line for line in lines if not line.problem])
            return (self._unsound(line) if line.problem else next(sound) for line in lines)
        return self._sound(lines)

    def _sound(self, lines: Sequence[Line]) -> Iterator[Sequence[str | int | None]]:
        numbers = [line.number for line in lines]
        empty = [None] * len(lines)
        cells = [line.cells or () for line in lines]
        made = []
        for name in self.names:
            if name == ORIGINAL_LINE:
                made.append(numbers)
            elif name in self.mapped:
                made.append(self._column(name, cells))
            else:
                made.append(empty)
        if self.sums and self.table.amount in self.names:
            amounts = made[self.names.index(self.table.amount)]
            self.amount += sum((amount_of(str(cell or "")) for cell in amounts), Decimal(0))
        return zip(*made, strict=True)

    def _column(self, name: str, lines: Sequence[Sequence[object]]) -> list[str | None]:
        mapped, at = self.mapped[name]
        if mapped.constant is not None:
            return [self._constant(mapped)] * len(lines)
        if at is None:
            return [None] * len(lines)
        read = self.readers[name]
        cells = [cells[at] for cells in lines]
        if self.is_escaped:
            cells = [unescaped(cell) for cell in cells]
        if self.is_text:
            return list(map(read, cells))
        return [
            read(cell) if type(cell) is str else None if cell is None else text_of(cell) for cell in cells
        ]

    def _constant(self, mapped: Mapped) -> str:
        return self.client if mapped.constant == CLIENT else str(mapped.constant)

    def _unsound(self, line: Line) -> list[str | int | None]:
        said = {ORIGINAL_LINE: line.number, LINE_PROBLEM: line.problem, LINE_TEXT: line.text}
        said |= {
            name: self._constant(mapped)
            for name, (mapped, _) in self.mapped.items()
            if mapped.constant is not None
        }
        return [said.get(name) for name in self.names]


def _refuse_totals(received: Received, form: Format, columns: _Columns) -> None:
    """Compare what a trailer or a total row declares with what was counted."""
    totals, end = form.totals, received.end
    if totals.rows is None and totals.amount is None:
        return
    if end is None:
        raise Refused(
            "trailer_ausente",
            "the file ends without the row that declares its totals. Send all of it again.",
        )
    around = received.records - columns.count if form.records else 1 + form.has_header
    where = f"line {end.line}: the trailer" if form.records else f"line {end.line}: the end of the table"
    if totals.rows is not None:
        declared = _declared(end.cells, totals.rows, Picture("9(18)"))
        counted = columns.count + (around if totals.counts_all else 0)
        refuse_difference(where, "records" if form.records else "rows", declared, counted)
    # The amount of a line that cannot be cut is not known. It goes back, and the rest may be right.
    if totals.amount is not None and not columns.has_problems:
        refuse_difference(where, "R$", _declared(end.cells, totals.amount, totals.picture), columns.amount)


def _declared(cells: Sequence[object], where: Place | int, picture: Picture) -> str:
    """Return a declared total in standard form; what is no number may be anything, so it is not said."""
    if isinstance(where, Place):
        return picture.reader(where.of(str(cells[0])))
    cell = cells[where - 1] if where <= len(cells) else ""
    number = number_of(picture.reader(cell) if type(cell) is str else text_of(cell))
    return "no number of" if number is None else str(number)
