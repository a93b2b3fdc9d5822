"""A spreadsheet as delimited text, one line a row, with the number of the row that it was."""

from __future__ import annotations

import csv
import datetime
import zipfile
from collections import defaultdict
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
    _refuse_large(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        sheets = [
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
    filled = [(number, rows) for number, rows in sheets if any(_is_filled(row) for row in rows)]
    if not filled:
        raise Refused("arquivo_vazio", "no visible sheet has a cell. Send the spreadsheet again.")
    fitting = [(number, rows) for number, rows in filled if set(table.required) <= set(_header(rows))]
    if len(fitting) > 1:
        raise Refused(
            "planilha_ambigua",
            f"sheets {', '.join(str(number) for number, _ in fitting)} all have the columns of"
            f" {table.name}. Send one sheet a file.",
        )
    # Without a sheet that fits, the reader says which columns are missing.
    [(chosen, rows)] = fitting or filled[:1]
    warnings = [f"aba_ignorada:{number}" for number, _ in filled if number != chosen]
    return _write(rows, table, target) + warnings


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
        writer.writerow([*(_text(cell) for cell in rows[header_at][:width]), ORIGINAL_LINE])
        for at, row in enumerate(rows[header_at + 1 :], start=header_at + 2):
            if not _is_filled(row):
                continue
            for name, cell in zip(names, row, strict=False):
                if isinstance(cell, float) and name in texts:
                    numbers[name].add(len(_text(cell)))
                    if abs(cell) >= 10**_DIGITS:
                        cut.add(name)
            # Cells right of the header belong to no column: the row is too wide, and dbt rejects it.
            last = max((column for column, cell in enumerate(row, start=1) if cell != ""), default=0)
            writer.writerow([*(_text(cell) for cell in row[: max(width, last)]), at])
    return [f"zeros_a_esquerda:{name}" for name, lengths in sorted(numbers.items()) if len(lengths) > 1] + [
        f"digitos_perdidos:{name}" for name in sorted(cut)
    ]


def _header(rows: list[list]) -> list[str]:
    return [_text(cell).strip().lower() for cell in next((row for row in rows if _is_filled(row)), [])]


def _is_filled(row: list) -> bool:
    return any(cell != "" for cell in row)


def _text(cell: object) -> str:
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
