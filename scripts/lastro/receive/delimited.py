"""A delimited file in its sender's layout, cut into cells by the reader that a build uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb

from lastro.contract import Column, RawTable
from lastro.landing import reader
from lastro.landing.text import Text
from lastro.receive import reading
from lastro.receive.formats import Format
from lastro.receive.layout import (
    End,
    Line,
    Received,
    added_places,
    column_of,
    header_places,
    is_returned,
    missing_optional,
    refuse_footer,
)
from lastro.receive.refusal import Refused

# In bytes, as long as the reader takes them.
_LONGEST = 2_000_000
_CHUNK = 5_000


def open_delimited(
    con: duckdb.DuckDBPyConnection, prepared: Text, form: Format, table: RawTable, scratch: Path, name: str
) -> Received:
    """Open a delimited file.

    The reader gets the text with a header of its own, so that the sender's may have any names, or be missing,
    and with blank lines where no rows are, so that line numbers stay.

    Args:
        con: A connection for this file alone, as long as its lines are read.
        prepared: Its text.
        form: Its format.
        table: Its raw table.
        scratch: A folder for this file alone.
        name: The batch that a file of rejected lines has in its name, or "".

    Raises:
        Refused: It cannot be trusted.
        UnreadableFile: The reader cannot.
    """
    shaper = _Shaper(con, prepared, form, table, scratch / "shaped.txt")
    shaper.run()
    received = shaper.received
    if not form.has_header and name:
        received.is_returned = True
        received.added_at = frozenset({shaper.width - 2, shaper.width - 1})
    pseudo = _pseudo_table(form, table, received.at)
    shaped = prepared._replace(path=shaper.target)
    found = reader.split(con, pseudo, shaped, received.delimiter)
    if prepared.has_quotes:
        reading.refuse_doubtful_quotes(con, pseudo, found, shaper.added_lines)
    received.lines = _lines(con, shaper.added_lines, prepared.has_quotes)
    return received


def _lines(con: duckdb.DuckDBPyConnection, added_lines: int, has_quotes: bool) -> Iterator[Line]:
    # Only rows of several lines come in another order than they stand.
    rows = con.execute(
        f"select line_number - {added_lines}, cells, case when row_problem is not null then record end,"
        f" row_problem from split_rows {'order by line_number' if has_quotes else ''}"
    )
    while chunk := rows.fetchmany(_CHUNK):
        yield from map(Line._make, chunk)


def _pseudo_table(form: Format, table: RawTable, at: Sequence[int | None]) -> RawTable:
    """Return a table of the sender's columns, typed like those that they become."""
    mapped = [(each.column, place) for each, place in zip(form.columns, at, strict=True) if place is not None]
    types = {place: column_of(table, column) for column, place in mapped}
    return RawTable(
        source=table.source,
        name=table.name,
        path="x.csv",
        key=tuple(_name(place) for column, place in mapped if column in table.key),
        amount=None,
        encoding=None,
        columns=tuple(Column(_name(at), types[at].type, types[at].required) for at in sorted(types)),
    )


def _name(place: int) -> str:
    return f"c{place + 1}"


class _Shaper:
    """What is done to a text, line by line, before the reader gets it."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, prepared: Text, form: Format, table: RawTable, target: Path
    ) -> None:
        self.con, self.prepared, self.form, self.table, self.target = con, prepared, form, table, target
        self.received = Received(iter(()), [], encoding=prepared.encoding, delimiter=form.delimiter)
        self.ignored = form.ignored.casefold() if form.ignored else None
        self.ends_with = form.ends_with.casefold() if form.ends_with else None
        self.added_lines = 0 if form.has_header else 1
        self.width = 0
        self.footer = 0
        self.is_quoted = False

    def run(self) -> None:
        """Write the shaped text."""
        with (
            self.prepared.path.open(encoding="utf-8", newline="\n") as source,
            self.target.open("w", encoding="utf-8", newline="\n") as out,
        ):
            number = 0
            while line := source.readline(_LONGEST + 1):
                number += 1
                if len(line) * 4 > _LONGEST and len(line.encode()) > _LONGEST:
                    raise Refused(
                        "linha_longa",
                        f"line {number}: the line is longer than 2 MB. Send it with an end after each row.",
                    )
                out.write(self._shaped(number, line.removesuffix("\n")))
                out.write("\n")
        if not self.width:
            said = f"line {self.form.header_at}: the file has no such line, where" if number else "line 1:"
            raise Refused(
                "arquivo_vazio", f"{said} the header must be. Send the file again, with its header."
            )

    def _shaped(self, number: int, line: str) -> str:
        """Return what the reader sees of a line."""
        if self.is_quoted:
            self.is_quoted = line.count('"') % 2 == 0
            return line
        is_filled = bool(line.strip(' \t"'))
        if self.received.end:
            self.footer += is_filled
            if is_filled:
                refuse_footer(number, self.received.end, self.footer, self._is_row(line))
                self.received.ignored += 1
            return ""
        if is_filled and self.ignored and _begins(line, self.ignored):
            self.received.ignored += 1
            if not self.width:
                self.received.before.append(line)
            return ""
        if not self.width:
            return self._before(number, line, is_filled)
        if is_filled and self.ends_with and _begins(line, self.ends_with, self.received.delimiter):
            cells = reader.cells_of(self.con, line, str(self.received.delimiter)) or [line]
            self.received.end = End(number, cells)
            self.received.ignored += 1
            return ""
        self.is_quoted = line.count('"') % 2 == 1
        return line

    def _before(self, number: int, line: str, is_filled: bool) -> str:
        """Return what the reader sees of a line up to the header: blanks, and then a header of its own."""
        at = self.form.header_at
        if (at and number < at) or (not is_filled and number != at):
            self.received.before.append(line)
            return ""
        if not is_filled:
            raise Refused(
                "coluna_ausente",
                f"line {number}: it is empty, but must be the header. Send the agreed layout.",
            )
        delimiter = self.form.delimiter or reader.delimiter_of(line)
        cells = reader.cells_of(self.con, line, delimiter)
        if cells is None:
            raise Refused(
                "aspas_abertas",
                f"line {number}: a quote in it is not closed. Correct the first line of the table.",
            )
        received, self.width = self.received, len(cells)
        received.delimiter = delimiter
        names = [cell.strip(" \t\ufeff").lower() for cell in cells] if at != 0 else [""] * len(cells)
        received.at = header_places(self.form, self.table, names, f"line {number}")
        received.is_returned = is_returned(self.form, names)
        received.added_at = added_places(names) if received.is_returned else frozenset()
        received.warnings += missing_optional(self.form, received.at)
        if not self.form.version:
            known = [column.name for column in self.table.columns]
            unknown = [name for place, name in enumerate(names) if place not in received.added_at]
            received.warnings += [f"coluna_desconhecida:{name}" for name in unknown if name not in known]
        header = delimiter.join(_name(place) for place in range(self.width))
        if at != 0:
            received.before.append(line)
            return header
        self.is_quoted = False
        return f"{header}\n{line}"

    def _is_row(self, line: str) -> bool:
        """Return whether a line fills every required column."""
        cells = reader.cells_of(self.con, line, str(self.received.delimiter)) or []
        places = [
            place
            for mapped, place in zip(self.form.columns, self.received.at, strict=True)
            if place is not None and column_of(self.table, mapped.column).required
        ]
        return all(place < len(cells) and cells[place].strip() for place in places)


def _begins(line: str, text: str, delimiter: str | None = None) -> bool:
    """Return whether the first filled cell of a line begins with a text, in any case."""
    return line.lstrip(f' \t"\ufeff{delimiter or ""}').casefold().startswith(text)
