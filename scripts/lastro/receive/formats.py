"""Formats agreed with a sender, as rows of two seeds: fixed width with record types and a trailer."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import TypeVar

from lastro import PROJECT
from lastro.contract import ORIGINAL_LINE, RawTable
from lastro.receive.refusal import Refused

FORMATS = PROJECT / "seeds" / "recebimento" / "formatos.csv"
COLUMNS = PROJECT / "seeds" / "recebimento" / "formato_colunas.csv"
_Read = TypeVar("_Read")
_NUMBER = re.compile(r"9\((?P<whole>[0-9]+)\)(?:V(?P<fraction>9+|9\([0-9]+\)))?")
_DATES = {"DDMMAAAA": "%d%m%Y", "AAAAMMDD": "%Y%m%d", "DDMMAA": "%d%m%y"}


@dataclass(frozen=True)
class Field:
    """A column at a place in a record: characters `first` to `last`, counted from 1, and its picture."""

    column: str
    first: int
    last: int
    picture: str

    def read(self, record: str) -> str:
        """Return the cell: a number with its decimals, a date as ISO 8601, else the text without its padding.

        Text that does not fit the picture stays as it is; dbt judges it like any cell.
        """
        text = record[self.first - 1 : self.last]
        number = _NUMBER.fullmatch(self.picture)
        if number and text.isascii() and text.isdigit():
            places = _places(number["fraction"])
            return str(Decimal(int(text)).scaleb(-places)) if places else str(int(text))
        if self.picture in _DATES and len(text.strip()) == len(self.picture):
            try:
                return datetime.strptime(text, _DATES[self.picture]).date().isoformat()
            except ValueError:
                return text.strip()
        return text.strip()


def _places(fraction: str | None) -> int:
    if not fraction:
        return 0
    return int(fraction[2:-1]) if "(" in fraction else len(fraction)


@dataclass(frozen=True)
class FixedWidth:
    """A format of records of one length, each beginning with what it is.

    Attributes:
        version: The version of the agreement.
        files: The pattern of the names that it applies to.
        encoding: The encoding, as Python names it.
        length: Characters in a record.
        type_at: The field that says what a record is.
        header, detail, trailer: What that field says in each kind of record.
        rows: Where the trailer declares the number of records.
        counts_all: Whether that number includes header and trailer.
        amount: Where the trailer declares the sum of the amounts, if it does.
        fields: The columns of a detail record.
    """

    client: str
    source: str
    table: str
    version: str
    files: str
    encoding: str
    length: int
    type_at: Field
    header: str
    detail: str
    trailer: str
    rows: Field
    counts_all: bool
    amount: Field | None
    fields: tuple[Field, ...]

    def applies(self, table: RawTable, client: str, name: str) -> bool:
        """Return whether a file of this sender is in this format."""
        return (self.source, self.table, self.client) == (table.source, table.name, client) and fnmatch(
            name.rpartition("/")[2].lower(), self.files.lower()
        )


def read_formats(formats: Path = FORMATS, columns: Path = COLUMNS) -> list[FixedWidth]:
    """Return every declared format.

    Raises:
        ValueError: A format is not well-formed; the message names file and line.
    """
    fields: dict[tuple[str, ...], list[Field]] = {}
    with columns.open(encoding="utf-8", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            key = (row["id_cliente"], row["source_name"], row["table_name"], row["versao"])
            found = _checked(
                columns, line, lambda row=row: _field(row["coluna"], row["posicao"], row["formato"])
            )
            fields.setdefault(key, []).append(found)
    with formats.open(encoding="utf-8", newline="") as file:
        return [
            _checked(formats, line, lambda row=row: _fixed_width(row, fields))
            for line, row in enumerate(csv.DictReader(file), start=2)
        ]


def _checked(path: Path, line: int, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}, line {line}: {error}. Correct the format.") from None


def _field(column: str, position: str, picture: str) -> Field:
    match = re.fullmatch("([0-9]+)-([0-9]+)", position)
    if not match or not 0 < int(match[1]) <= int(match[2]):
        raise ValueError(f"posicao of {column} is {position!r}, but must be FIRST-LAST, such as 2-11")
    if picture != "X" and picture not in _DATES and not _NUMBER.fullmatch(picture):
        raise ValueError(
            f"formato of {column} is {picture!r}, but must be X, 9(11)V99 or one of {', '.join(_DATES)}"
        )
    return Field(column, int(match[1]), int(match[2]), picture)


def _fixed_width(row: dict[str, str], fields: dict[tuple[str, ...], list[Field]]) -> FixedWidth:
    if row["conteiner"] != "largura_fixa":
        raise ValueError(f"conteiner is {row['conteiner']!r}, but must be largura_fixa")
    key = (row["id_cliente"], row["source_name"], row["table_name"], row["versao"])
    amount = row["trailer_valor"]
    return FixedWidth(
        client=row["id_cliente"],
        source=row["source_name"],
        table=row["table_name"],
        version=row["versao"],
        files=row["arquivos"],
        encoding=row["codificacao"],
        length=int(row["tamanho_registro"]),
        type_at=_field("tipo", row["tipo"], "X"),
        header=row["cabecalho"],
        detail=row["detalhe"],
        trailer=row["trailer"],
        rows=_field("trailer_linhas", row["trailer_linhas"], "9(18)"),
        counts_all=row["trailer_conta"] == "todas",
        amount=_field("trailer_valor", amount, row["trailer_valor_formato"]) if amount else None,
        fields=tuple(fields[key]),
    )


def fixed_width_as_text(path: Path, layout: FixedWidth, amount: str | None, target: Path) -> None:
    """Write the detail records as CSV in UTF-8, with the line of each, and compare them with the trailer.

    Args:
        path: The file.
        layout: Its agreed format.
        amount: The column whose sum the trailer declares.
        target: The file to write.

    Raises:
        Refused: A record has another length or kind, header or trailer is missing, or a total does not agree.
    """
    total, rows, records = Decimal(0), 0, 0
    with (
        path.open("rb") as source,
        target.open("w", encoding="utf-8", newline="") as out,
    ):
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([*(field.column for field in layout.fields), ORIGINAL_LINE])
        trailer = None
        for line, raw in enumerate(source, start=1):
            record = _record(raw, line, layout)
            if not record:
                continue
            records += 1
            kind = layout.type_at.read(record)
            if trailer is not None:
                raise Refused("registro_invalido", f"line {line}: a record follows the trailer.")
            if (records == 1) != (kind == layout.header):
                raise Refused(
                    "registro_invalido",
                    f"line {line}: {'the first record is no header' if records == 1 else 'a second header'}"
                    f" ({layout.header!r} in {layout.type_at.first}-{layout.type_at.last}).",
                )
            if kind == layout.trailer:
                trailer = (line, record)
            elif kind == layout.detail:
                cells = [field.read(record) for field in layout.fields]
                rows += 1
                total += _amount(cells, layout, amount)
                writer.writerow([*cells, line])
            elif kind != layout.header:
                raise Refused("registro_invalido", f"line {line}: {kind!r} is no kind of record.")
    if not records:
        raise Refused("arquivo_vazio", "the file has no record. Send it again.")
    if trailer is None:
        raise Refused(
            "trailer_ausente", f"the file ends after line {line} without its trailer. Send all of it again."
        )
    _refuse_totals(trailer, layout, rows, records, total)


def _record(raw: bytes, line: int, layout: FixedWidth) -> str:
    try:
        record = raw.rstrip(b"\r\n\x1a").decode(layout.encoding)
    except UnicodeDecodeError as error:
        raise Refused(
            "codificacao_invalida",
            f"line {line}: byte 0x{error.object[error.start]:02X} is not {layout.encoding}.",
        ) from None
    if record and len(record) != layout.length:
        raise Refused(
            "registro_invalido",
            f"line {line}: the record has {len(record)} characters instead of {layout.length}.",
        )
    return record


def _amount(cells: list[str], layout: FixedWidth, amount: str | None) -> Decimal:
    for field, cell in zip(layout.fields, cells, strict=True):
        if field.column == amount and re.fullmatch(r"[0-9]+(\.[0-9]+)?", cell):
            return Decimal(cell)
    return Decimal(0)


def _refuse_totals(
    trailer: tuple[int, str], layout: FixedWidth, rows: int, records: int, total: Decimal
) -> None:
    line, record = trailer
    counted = records if layout.counts_all else rows
    refuse_difference(f"line {line}: the trailer", "records", layout.rows.read(record), counted)
    if layout.amount:
        refuse_difference(f"line {line}: the trailer", "R$", layout.amount.read(record), total)


def refuse_difference(where: str, what: str, declared: str, counted: int | Decimal) -> None:
    """Refuse a file whose declared total is not what was counted."""
    try:
        agrees = Decimal(declared) == counted
    except ArithmeticError:
        agrees = False
    if not agrees:
        raise Refused(
            "total_divergente",
            f"{where} declares {declared} {what}, but the file has {counted}. Send it whole.",
        )
