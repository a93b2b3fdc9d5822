"""A received file in its sender's layout: its lines, their cells, and where the agreed columns stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lastro.contract import ORIGINAL_LINE, Column, RawTable
from lastro.receive.formats import LINE_PROBLEM, Format
from lastro.receive.refusal import Refused

# The columns that a file of rejected lines has beyond the sender's layout.
REASON = "motivo"
ADDED = (ORIGINAL_LINE, REASON)
# After its total a table may have notes and signatures; more is a table that goes on.
MAX_FOOTER = 20
# A spreadsheet would run a cell that begins so as a formula. Quotes may come first: each can be undone.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


class Typed(str):
    """The text of a cell that was typed as a number or a date, so that no picture says how it is written."""

    __slots__ = ()


class Returned(NamedTuple):
    """A batch whose rejected lines come back, as a file's name says, and the version that it was read by."""

    id_lote: str
    version: str | None


class Line(NamedTuple):
    """A line that is a row.

    Attributes:
        number: Its number in the received file: a line, a row of a sheet, or the place in a JSON array.
        cells: Its cells as they came; None if it cannot be cut into cells.
        text: Its text, if there is a problem or the container has no cells of its own.
        problem: The reason code of a line that cannot be cut.
    """

    number: int
    cells: Sequence[object] | None
    text: str | None = None
    problem: str | None = None


@dataclass
class End:
    """The end of a table, or the trailer of a file: its line, and its cells or its record."""

    line: int
    cells: Sequence[object]


@dataclass
class Received:
    """A received file, opened.

    Attributes:
        lines: Its rows, once, in their order.
        at: Where in the cells of a line the cell of each mapped column stands; None for a constant, and for
            an optional column that the file lacks.
        is_returned: Whether it is a file of rejected lines that comes back.
        added_at: Where in the cells the columns of such a file stand.
        before: What stands before the first row: lines of text, or rows of a sheet. The last one is the
            header, if there is one.
        encoding: Its encoding, as Python names it; None for a sheet.
        delimiter: Its delimiter, if it is delimited.
        end: Its end; of a file of fixed width only after the last line.
        records: The records of a file of fixed width, counted while they are read.
        ignored: Lines that are no rows by agreement.
        warnings: Codes of what does not stop the file.
    """

    lines: Iterator[Line]
    at: list[int | None]
    is_returned: bool = False
    added_at: frozenset[int] = frozenset()
    before: list[Sequence[object]] | list[str] = field(default_factory=list)
    encoding: str | None = None
    delimiter: str | None = None
    end: End | None = None
    records: int = 0
    ignored: int = 0
    warnings: list[str] = field(default_factory=list)


def keeps_problems(table: RawTable) -> bool:
    """Return whether a line that cannot be cut becomes a row of this table, to go back to its sender."""
    return LINE_PROBLEM in [column.name for column in table.columns]


def refuse_problem(line: int, problem: str) -> None:
    """Refuse a file for a line that cannot be cut, if its table has no place for one."""
    raise Refused(
        "registro_invalido",
        f"line {line}: the line cannot be cut into cells ({problem}). Send the file again.",
    )


def header_places(form: Format, table: RawTable, names: Sequence[str], where: str) -> list[int | None]:
    """Return where each mapped column of a file stands, by the names of its header, or by number without one.

    Args:
        form: The format.
        table: Its raw table.
        names: The header, trimmed and in lower case.
        where: The place of the header, for a message.

    Raises:
        Refused: A column is missing or ambiguous.
    """
    places: list[int | None] = []
    for mapped in form.columns:
        origin = mapped.origin
        if origin is None:
            places.append(None)
        elif isinstance(origin, int):
            places.append(origin - 1 if origin <= len(names) else _missing(form, table, mapped.column, where))
        elif names.count(str(origin)) > 1:
            raise Refused(
                "coluna_repetida",
                f"{where}: column {origin!r} appears twice in the header. Remove or rename one of them.",
            )
        elif origin in names:
            places.append(names.index(str(origin)))
        else:
            places.append(_missing(form, table, mapped.column, where))
    return places


def is_returned(form: Format, names: Sequence[str]) -> bool:
    """Return whether a header has the two columns of a file of rejected lines, beyond the sender's layout."""
    origins = [mapped.origin for mapped in form.columns]
    return all(name in names and name not in origins for name in ADDED)


def added_places(names: Sequence[str]) -> frozenset[int]:
    """Return where the two columns of a file of rejected lines stand."""
    return frozenset(names.index(name) for name in ADDED)


def missing_optional(form: Format, at: Sequence[int | None]) -> list[str]:
    """Return a warning for each mapped column that a file lacks."""
    if not form.version:
        return []
    pairs = zip(form.columns, at, strict=True)
    return [f"coluna_ausente:{each.column}" for each, place in pairs if each.origin and place is None]


def column_of(table: RawTable, name: str) -> Column:
    """Return a column of a table."""
    return next(column for column in table.columns if column.name == name)


def escaped(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula; `unescaped` undoes it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescaped(cell: str) -> str:
    """Return a cell without the quote that `escaped` put before it."""
    return cell[1:] if _ESCAPED.match(cell) else cell


def refuse_footer(line: int, end: End, filled: int, is_row: bool) -> None:
    """Refuse a file whose table goes on after its end, so that no row is lost."""
    if is_row:
        raise Refused(
            "rodape_inesperado",
            f"line {line}: a row follows the end of the table at line {end.line}. Remove the total inside the"
            " table, or agree on another text for its end.",
        )
    if filled > MAX_FOOTER:
        raise Refused(
            "rodape_inesperado",
            f"line {line}: more than {MAX_FOOTER} lines follow the end of the table at line {end.line}. Send"
            " one table a file.",
        )


def returned_batch(name: str, client: str) -> str | None:
    """Return the batch of this sender that the name of a file of rejected lines says, be there one or not."""
    own = re.escape(clean_client(client))
    match = re.match(rf"rejeitadas_({own}-[0-9]{{8}}-[0-9]{{4,}})", Path(name).name, re.IGNORECASE)
    return match[1] if match else None


def clean_client(client: str) -> str:
    """Return a sender as it stands in the ids of its batches."""
    return re.sub("[^A-Za-z0-9_]+", "_", client).strip("_") or "desconhecido"


def _missing(form: Format, table: RawTable, column: str, where: str) -> None:
    """Refuse a file without a required column; an optional one may be missing, as everywhere."""
    if not column_of(table, column).required:
        return
    agreed = f"version {form.version} of the format" if form.version else "the table"
    raise Refused(
        "coluna_ausente",
        f"{where}: {column} is missing, where {agreed} has it. Send the agreed layout.",
    )
