"""A spreadsheet as delimited text, one line a row, with the number of the row that it was."""

from __future__ import annotations

import csv
import datetime
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
    XmlError,
    ZipError,
)

from lastro.contract import ORIGINAL_LINE, RawTable
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

# A workbook is read whole, and in memory.
MAX_BYTES = 1024**3
# A spreadsheet keeps fifteen digits of a number.
_DIGITS = 15


def sheet_as_text(path: Path, table: RawTable, target: Path) -> list[str]:
    """Write the one sheet that has the table's columns as CSV in UTF-8.

    The header is the first row that is not empty. Whole numbers lose their `.0`, dates become ISO 8601.

    Args:
        path: An XLSX or XLS file.
        table: The raw table, which says what columns the sheet has.
        target: The file to write.

    Returns:
        Warnings: `zeros_a_esquerda:<column>` where a column of text has numbers of several lengths, so that
        the sheet may have dropped leading zeros; `digitos_perdidos:<column>` where numbers have more digits
        than a sheet keeps; `aba_ignorada:<number>` for another sheet that is not empty.

    Raises:
        Refused: It cannot be read, or not exactly one sheet has the required columns.
    """
    sheets = visible_sheets(path)
    filled = _filled(sheets)
    fitting = [(number, rows) for number, rows in filled if set(table.required) <= set(_header(rows))]
    _refuse_several(fitting, table)
    # Without a sheet that fits, the reader says which columns are missing.
    [(chosen, rows)] = fitting or filled[:1]
    warnings = [f"aba_ignorada:{number}" for number, _ in filled if number != chosen]
    return _write(rows, table, target) + warnings


def open_sheet(path: Path, form: Format, table: RawTable, name: str) -> Received:
    """Open the one visible sheet that has the agreed columns. Its cells are typed as in the sheet.

    Args:
        path: An XLSX or XLS file.
        form: Its format.
        table: Its raw table.
        name: The batch that a file of rejected lines has in its name, or "".

    Raises:
        Refused: It cannot be read, or not exactly one sheet fits.
    """
    filled = _filled(visible_sheets(path))
    needed = [
        each.origin
        for each in form.columns
        if each.origin is not None and column_of(table, each.column).required
    ]

    def fits(rows: list[list]) -> bool:
        header = _header_at(rows, form)
        if header is None:
            return False
        if not form.has_header:
            return max(needed, default=1) <= _width(rows[header])
        return set(needed) <= {text_of(cell).strip().lower() for cell in rows[header]}

    fitting = [(number, rows) for number, rows in filled if fits(rows)]
    _refuse_several(fitting, table)
    # Without a sheet that fits, say which column is missing in the first.
    [(chosen, rows)] = fitting or filled[:1]
    received = _opened(rows, form, table, name)
    received.warnings += [f"aba_ignorada:{number}" for number, _ in filled if number != chosen]
    return received


def _opened(rows: list[list], form: Format, table: RawTable, name: str) -> Received:
    header = _header_at(rows, form)
    if header is None or not _is_filled(rows[header]):
        raise Refused(
            "coluna_ausente",
            f"row {form.header_at or 1}: it is empty, but must be the header. Send the agreed layout.",
        )
    width = _width(rows[header])
    names = (
        [text_of(cell).strip().lower() for cell in rows[header][:width]] if form.has_header else [""] * width
    )
    received = Received(iter(()), header_places(form, table, names, f"row {header + 1}"))
    received.is_returned = is_returned(form, names)
    if received.is_returned:
        received.added_at = added_places(names)
    elif not form.has_header and name:
        received.is_returned, received.added_at = True, frozenset({width - 2, width - 1})
    received.warnings += missing_optional(form, received.at)
    if not form.version:
        known = [column.name for column in table.columns]
        unknown = [each for at, each in enumerate(names) if at not in received.added_at]
        received.warnings += [f"coluna_desconhecida:{each}" for each in unknown if each not in known]
    first = header + 1 if form.has_header else header
    received.before = rows[:first]
    lines = list(_table_lines(rows, first, width, form, table, received))
    received.warnings += _lost_zeros(lines, form, table, received.at)
    received.lines = iter(lines)
    return received


def _header_at(rows: list[list], form: Format) -> int | None:
    """Return the index of the header, or of the first row if there is none."""
    if form.header_at:
        return form.header_at - 1 if form.header_at <= len(rows) else None
    ignored = form.ignored.casefold() if form.ignored else None
    return next(
        (at for at, row in enumerate(rows) if _is_filled(row) and not (ignored and _begins(row, ignored))),
        None,
    )


def _table_lines(
    rows: list[list], first: int, width: int, form: Format, table: RawTable, received: Received
) -> Iterator[Line]:
    ignored = form.ignored.casefold() if form.ignored else None
    ends_with = form.ends_with.casefold() if form.ends_with else None
    required = [
        place
        for each, place in zip(form.columns, received.at, strict=True)
        if place is not None and column_of(table, each.column).required
    ]
    footer = 0
    for number, row in enumerate(rows[first:], start=first + 1):
        if not _is_filled(row):
            continue
        if received.end:
            footer += 1
            is_row = all(at < len(row) and text_of(row[at]).strip() for at in required)
            refuse_footer(number, received.end, footer, is_row)
            received.ignored += 1
        elif ignored and _begins(row, ignored):
            received.ignored += 1
        elif ends_with and _begins(row, ends_with):
            received.end = End(number, row)
            received.ignored += 1
        elif _width(row) > width:
            # Cells right of the header belong to no column.
            text = "\t".join(text_of(cell) for cell in row[: _width(row)])
            yield Line(number, None, text, "row:wrong_number_of_columns")
        else:
            yield Line(number, [*row[:width], *[""] * (width - len(row))])


def _lost_zeros(lines: list[Line], form: Format, table: RawTable, at: Sequence[int | None]) -> list[str]:
    """Return warnings for columns of text that have numbers, which a sheet may have cut."""
    warnings = []
    for mapped, place in zip(form.columns, at, strict=True):
        if place is None or column_of(table, mapped.column).type != "varchar":
            continue
        numbers = [line.cells[place] for line in lines if line.cells and isinstance(line.cells[place], float)]
        if len({len(text_of(number)) for number in numbers}) > 1:
            warnings.append(f"zeros_a_esquerda:{mapped.column}")
        if any(abs(number) >= 10**_DIGITS for number in numbers):
            warnings.append(f"digitos_perdidos:{mapped.column}")
    return warnings


def _width(row: list) -> int:
    return max((at for at, cell in enumerate(row, start=1) if cell != ""), default=0)


def _begins(row: list, text: str) -> bool:
    """Return whether the first filled cell of a row begins with a text, in any case."""
    first = next((text_of(cell) for cell in row if text_of(cell).strip()), "")
    return first.strip().casefold().startswith(text)


def visible_sheets(path: Path) -> list[tuple[int, list[list]]]:
    """Return the rows of each sheet that people see, and its number.

    Raises:
        Refused: It cannot be read.
    """
    _refuse_large(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        return [
            (number, book.get_sheet_by_name(meta.name).to_python(skip_empty_area=False))
            for number, meta in enumerate(book.sheets_metadata, start=1)
            if meta.visible is SheetVisibleEnum.Visible
        ]
    except PasswordError:
        raise Refused("arquivo_protegido", "the spreadsheet has a password. Send it without one.") from None
    except (CalamineError, ZipError, XmlError, OSError, ValueError) as error:
        raise Refused(
            "planilha_ilegivel", f"the spreadsheet cannot be read ({type(error).__name__}). Save it again."
        ) from None


def _filled(sheets: list[tuple[int, list[list]]]) -> list[tuple[int, list[list]]]:
    filled = [(number, rows) for number, rows in sheets if any(_is_filled(row) for row in rows)]
    if not filled:
        raise Refused("arquivo_vazio", "no visible sheet has a cell. Send the spreadsheet again.")
    return filled


def _refuse_several(fitting: list[tuple[int, list[list]]], table: RawTable) -> None:
    if len(fitting) > 1:
        raise Refused(
            "planilha_ambigua",
            f"sheets {', '.join(str(number) for number, _ in fitting)} all have the columns of"
            f" {table.name}. Send one sheet a file.",
        )


def _refuse_large(path: Path) -> None:
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
    if size > MAX_BYTES:
        raise Refused(
            "arquivo_grande_demais",
            f"the spreadsheet holds {size} bytes, more than {MAX_BYTES}. Send it as CSV.",
        )


def _write(rows: list[list], table: RawTable, target: Path) -> list[str]:
    texts = {column.name for column in table.columns if column.type == "varchar"}
    header_at = next(at for at, row in enumerate(rows) if _is_filled(row))
    names = _header(rows)
    width = max((at for at, name in enumerate(names, start=1) if name), default=1)
    numbers: dict[str, set[int]] = defaultdict(set)
    cut = set()
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*(text_of(cell) for cell in rows[header_at][:width]), ORIGINAL_LINE])
        for at, row in enumerate(rows[header_at + 1 :], start=header_at + 2):
            if not _is_filled(row):
                continue
            for name, cell in zip(names, row, strict=False):
                if isinstance(cell, float) and name in texts:
                    numbers[name].add(len(text_of(cell)))
                    if abs(cell) >= 10**_DIGITS:
                        cut.add(name)
            # Cells right of the header belong to no column: the row is too wide, and dbt rejects it.
            last = max((column for column, cell in enumerate(row, start=1) if cell != ""), default=0)
            writer.writerow([*(text_of(cell) for cell in row[: max(width, last)]), at])
    return [f"zeros_a_esquerda:{name}" for name, lengths in sorted(numbers.items()) if len(lengths) > 1] + [
        f"digitos_perdidos:{name}" for name in sorted(cut)
    ]


def _header(rows: list[list]) -> list[str]:
    return [text_of(cell).strip().lower() for cell in next((row for row in rows if _is_filled(row)), [])]


def _is_filled(row: list) -> bool:
    return any(cell != "" for cell in row)


def text_of(cell: object) -> str:
    """Return a cell of a sheet as text: whole numbers without `.0`, dates as ISO 8601."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else _decimal(cell)
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat()
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    if isinstance(cell, datetime.timedelta):
        minutes, seconds = divmod(int(cell.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return str(cell)


def _decimal(cell: float) -> str:
    """Return a fraction with the digits that a sheet shows, without an exponent."""
    text = f"{cell:.{_DIGITS}g}"
    return f"{cell:.20f}".rstrip("0") if "e" in text else text
