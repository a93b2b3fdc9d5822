"""A file of records of one length, each beginning with what it is, the last one declaring totals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lastro.contract import RawTable
from lastro.receive.formats import Format, Place, Records
from lastro.receive.layout import ADDED, End, Line, Received, keeps_problems
from lastro.receive.refusal import Refused

# In a file of rejected lines a line's number follows its record, in so many characters, and then the reason.
LINE_WIDTH = len(ADDED[0]) + 1
# In bytes. No record is so long, and a file without line ends must not fill the memory.
_LONGEST = 10_000_000


def open_fixed_width(path: Path, form: Format, table: RawTable) -> Received:
    """Open a file of fixed width. A line has the text of its record, besides the cells of its places.

    Raises:
        Refused: It has no record.
    """
    records = _Records(path, form, table)
    return records.received


class _Records:
    def __init__(self, path: Path, form: Format, table: RawTable) -> None:
        if form.records is None or form.encoding is None:
            raise ValueError(f"the format {form.version} of {form.client} is not of fixed width")
        self.path, self.form, self.keeps_problems = path, form, keeps_problems(table)
        self.records: Records = form.records
        self.encoding: str = form.encoding
        at = [None if each.origin is None else place for place, each in enumerate(form.columns)]
        self.received = Received(self._lines(), at, encoding=form.encoding)
        with path.open("rb") as file:
            first = next((text for _, text in self._texts(file) if text), "")
        length = self.records.length
        self.received.is_returned = tuple(first[length:].split()) == ADDED
        self.received.before = [first[:length] if self.received.is_returned else first]

    def _texts(self, file: object) -> Iterator[tuple[int, str]]:
        number = 0
        while raw := file.readline(_LONGEST + 1):
            number += 1
            if len(raw) > _LONGEST:
                raise Refused(
                    "registro_invalido",
                    f"line {number}: the record has more than {_LONGEST} bytes instead of"
                    f" {self.records.length} characters.",
                )
            try:
                text = raw.rstrip(b"\r\n\x1a").decode(self.encoding)
            except UnicodeDecodeError as error:
                raise Refused(
                    "codificacao_invalida",
                    f"line {number}: byte 0x{error.object[error.start]:02X} is not {self.encoding}.",
                ) from None
            yield number, text.removeprefix("\ufeff") if number == 1 else text

    def _lines(self) -> Iterator[Line]:
        layout, received = self.records, self.received
        places = [each.origin if isinstance(each.origin, Place) else None for each in self.form.columns]
        number = 0
        with self.path.open("rb") as file:
            for number, text in self._texts(file):
                if not text:
                    continue
                record, problem = self._record(text, number)
                received.records += 1
                kind = layout.kind.of(record).strip()
                if received.end is not None:
                    raise Refused("registro_invalido", f"line {number}: a record follows the trailer.")
                self._refuse_order(number, kind, problem)
                if problem is None and kind == layout.trailer:
                    received.end = End(number, [record])
                elif problem or kind == layout.detail:
                    cells = None if problem else [place.of(record) if place else None for place in places]
                    yield Line(number, cells, record, problem)
        if not received.records:
            raise Refused("arquivo_vazio", "the file has no record. Send it again.")
        if received.end is None and not received.is_returned:
            raise Refused(
                "trailer_ausente",
                f"the file ends after line {number} without its trailer. Send all of it again.",
            )

    def _record(self, text: str, number: int) -> tuple[str, str | None]:
        """Return a record and what is wrong with it; refuse the file if its table has no place for that."""
        layout = self.records
        is_cut = self.received.is_returned and len(text) > layout.length
        record = text[: layout.length] if is_cut else text
        if len(record) != layout.length:
            if self.keeps_problems and self.received.records:
                return record, "row:wrong_record_length"
            raise Refused(
                "registro_invalido",
                f"line {number}: the record has {len(record)} characters instead of {layout.length}.",
            )
        kind = layout.kind.of(record).strip()
        if kind in (layout.header, layout.detail, layout.trailer) or not self.received.records:
            return record, None
        if self.keeps_problems:
            return record, "row:unknown_record"
        raise Refused("registro_invalido", f"line {number}: {kind!r} is no kind of record.")

    def _refuse_order(self, number: int, kind: str, problem: str | None) -> None:
        layout, is_first = self.records, self.received.records == 1
        if problem is None and is_first != (kind == layout.header):
            raise Refused(
                "registro_invalido",
                f"line {number}: {'the first record is no header' if is_first else 'a second header'}"
                f" ({layout.header!r} in {layout.kind.first}-{layout.kind.last}).",
            )
