"""Formats agreed with senders, as rows of two seeds: what a file is, and which cell is which column."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

from lastro import PROJECT
from lastro.contract import ORIGINAL_LINE, RawTable, read_contract
from lastro.receive.pictures import Picture

FOLDER = PROJECT / "seeds" / "recebimento"
FORMATS_FILE, COLUMNS_FILE = "formatos.csv", "formato_colunas.csv"
KEY = ("id_cliente", "source_name", "table_name", "versao")
FORMAT_FIELDS = (
    *KEY,
    "arquivos",
    "conteiner",
    "codificacao",
    "delimitador",
    "inicio",
    "fim",
    "ignorar",
    "tamanho_registro",
    "tipo",
    "cabecalho",
    "detalhe",
    "trailer",
    "trailer_linhas",
    "trailer_conta",
    "trailer_valor",
    "trailer_valor_formato",
)
COLUMN_FIELDS = (*KEY, "coluna", "origem", "formato", "constante")
CONTAINERS = ("delimitado", "planilha", "largura_fixa", "json")
DELIMITERS = {",": ",", ";": ";", "|": "|", "\\t": "\t"}
# In a constant, who sent the file.
CLIENT = "{client}"
# What the gate says of a line beside its cells: the reason why it cannot be cut, and its text.
LINE_PROBLEM, LINE_TEXT = "problema_linha", "texto_original"
GATE_COLUMNS = (ORIGINAL_LINE, LINE_PROBLEM, LINE_TEXT)
_OF_RECORDS = ("tamanho_registro", "tipo", "cabecalho", "detalhe", "trailer")
_OF_LINES = ("delimitador", "inicio", "fim", "ignorar")
# A row of formato_colunas.csv and its line.
_Cell = tuple[int, dict[str, str]]


@dataclass(frozen=True)
class Place:
    """Characters `first` to `last` of a record, counted from 1."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Place:
        """Return the place that FIRST-LAST names.

        Raises:
            ValueError: It names none.
        """
        match = re.fullmatch("([0-9]{1,6})-([0-9]{1,6})", text)
        if not match or not 0 < int(match[1]) <= int(match[2]):
            raise ValueError(f"is {text!r}, but must be FIRST-LAST, such as 2-11")
        return cls(int(match[1]), int(match[2]))

    @property
    def width(self) -> int:
        """How many characters it has."""
        return self.last - self.first + 1

    def of(self, record: str) -> str:
        """Return its characters of a record."""
        return record[self.first - 1 : self.last]


@dataclass(frozen=True)
class Mapped:
    """A column of the raw table, and where its cell comes from.

    Attributes:
        column: The column.
        origin: The name of a header cell in lower case, the number of a cell counted from 1, a place in a
            record or a key of an object; None for a constant.
        picture: How the cell is written.
        constant: The text of every row, or {client} for the sender; None if it has an origin.
    """

    column: str
    origin: str | int | Place | None
    picture: Picture
    constant: str | None = None


@dataclass(frozen=True)
class Records:
    """What is particular to fixed width.

    Attributes:
        length: Characters in a record.
        kind: Where a record says what it is.
        header, detail, trailer: What it says there.
    """

    length: int
    kind: Place
    header: str
    detail: str
    trailer: str


@dataclass(frozen=True)
class Totals:
    """Where a file declares its totals: a place in the trailer record, or the number of a cell of its end.

    Attributes:
        rows: Where the number of rows stands, if anywhere.
        counts_all: Whether that number includes header and trailer.
        amount: Where the sum of the amounts stands, if anywhere.
        picture: How that sum is written.
    """

    rows: Place | int | None
    counts_all: bool
    amount: Place | int | None
    picture: Picture


@dataclass(frozen=True)
class Format:
    """A format that was agreed with a sender for files of one table.

    Attributes:
        client, source, table: Whose it is, and for what table.
        version: The version of the agreement.
        files: The pattern of the names that it applies to.
        container: One of CONTAINERS.
        encoding: The encoding, as Python names it; None to detect it.
        delimiter: The delimiter; None to detect it.
        header_at: The line of the header; 0 without a header; None for the first line that is not empty.
        ends_with: What the first filled cell after the last row begins with, if the table has such an end.
        ignored: What lines begin with that are no rows, if any do.
        records: What is particular to fixed width; None for other containers.
        totals: Where totals are declared.
        columns: The columns that it fills.
    """

    client: str
    source: str
    table: str
    version: int
    files: str
    container: str
    encoding: str | None
    delimiter: str | None
    header_at: int | None
    ends_with: str | None
    ignored: str | None
    records: Records | None
    totals: Totals
    columns: tuple[Mapped, ...]

    @property
    def has_header(self) -> bool:
        """Whether its columns have names."""
        return self.header_at != 0

    def is_of(self, table: RawTable, client: str) -> bool:
        """Return whether it was agreed with this sender for this table."""
        return (self.source, self.table, self.client) == (table.source, table.name, client)

    def matches(self, name: str) -> bool:
        """Return whether a file has a name that it applies to."""
        return fnmatch(name.rpartition("/")[2].lower(), self.files.lower())


def format_for(formats: Sequence[Format], table: RawTable, client: str, name: str) -> Format | None:
    """Return the format of a file: of those that apply the one with the highest version, if there is one."""
    applying = (each for each in formats if each.is_of(table, client) and each.matches(name))
    return max(applying, key=lambda each: each.version, default=None)


def version_of(formats: Sequence[Format], table: RawTable, client: str, version: str) -> Format | None:
    """Return one version of the format of a sender, if it is declared."""
    found = (each for each in formats if each.is_of(table, client) and str(each.version) == version)
    return next(found, None)


def formats_folder() -> Path:
    """Return the folder of the two CSVs: the one that LASTRO_FORMATS names, else that of the seeds."""
    return Path(os.environ.get("LASTRO_FORMATS") or FOLDER)


def read_formats(folder: Path | None = None, tables: Sequence[RawTable] | None = None) -> list[Format]:
    """Return every declared format.

    Args:
        folder: The folder of formatos.csv and formato_colunas.csv; `formats_folder` by default.
        tables: The raw tables; those of the project by default.

    Raises:
        OSError: One of the two files cannot be read.
        ValueError: A format is not well-formed; the message names file and line.
    """
    folder = formats_folder() if folder is None else folder
    tables = read_contract() if tables is None else tables
    columns: dict[tuple[str, ...], list[_Cell]] = {}
    for line, cell in _rows(folder / COLUMNS_FILE, COLUMN_FIELDS):
        columns.setdefault(_key(cell), []).append((line, cell))
    formats: dict[tuple[str, ...], Format] = {}
    for line, row in _rows(folder / FORMATS_FILE, FORMAT_FIELDS):
        mapped = _all_mapped(folder / COLUMNS_FILE, row, columns.pop(_key(row), []), tables)
        with _located(folder / FORMATS_FILE, line):
            made = _format(row, mapped, tables)
            key = (*_key(row)[:3], str(made.version))
            if key in formats:
                raise ValueError(
                    f"version {key[3]} of the format of {key[0]} for {key[1]}.{key[2]} stands twice"
                )
        formats[key] = made
    for [(line, cell), *_] in columns.values():
        # `lastro format save` writes the columns first: of a version to come they say nothing yet.
        others = [
            each.version
            for each in formats.values()
            if _key(cell)[:3] == (each.client, each.source, each.table)
        ]
        if cell["versao"].isdecimal() and int(cell["versao"]) > max(others, default=0):
            continue
        with _located(folder / COLUMNS_FILE, line):
            raise ValueError(f"{FORMATS_FILE} has no row of this client, table and version")
    return list(formats.values())


def format_of(
    row: Mapping[str, str], columns: Sequence[Mapping[str, str]], tables: Sequence[RawTable]
) -> Format:
    """Return a format from a row of formatos.csv and the rows of its columns, by the names of their fields.

    Raises:
        ValueError: It is not well-formed.
    """
    row = {field: row.get(field) or "" for field in FORMAT_FIELDS}
    mapped: list[Mapped] = []
    for cell in columns:
        cell = {field: cell.get(field) or "" for field in COLUMN_FIELDS}
        made = _mapped(cell, row["conteiner"], row["inicio"] == "0")
        _refuse_column(made, mapped, row, tables)
        mapped.append(made)
    return _format(row, mapped, tables)


def _rows(path: Path, fields: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != tuple(fields):
                raise ValueError(
                    f"{path}, line 1: the columns must be {','.join(fields)}. Correct the header."
                )
            before = reader.line_num
            for row in reader:
                if None in row or None in row.values():
                    raise ValueError(
                        f"{path}, line {before + 1}: a row has {len(fields)} cells. Correct the format."
                    )
                yield before + 1, row
                before = reader.line_num
    except UnicodeDecodeError:
        raise ValueError(f"{path}: it is not UTF-8. Save it as UTF-8.") from None


def _key(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


@contextmanager
def _located(path: Path, line: int) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{path}, line {line}: {error}. Correct the format.") from None


def _all_mapped(
    path: Path, row: Mapping[str, str], cells: Sequence[_Cell], tables: Sequence[RawTable]
) -> list[Mapped]:
    mapped: list[Mapped] = []
    for line, cell in cells:
        with _located(path, line):
            made = _mapped(cell, row["conteiner"], row["inicio"] == "0")
            _refuse_column(made, mapped, row, tables)
            mapped.append(made)
    return mapped


def _mapped(row: Mapping[str, str], container: str, is_headless: bool) -> Mapped:
    column, origin, constant = row["coluna"], row["origem"].strip(), row["constante"]
    if bool(origin) == bool(constant):
        raise ValueError(f"{column} must have either origem or constante")
    try:
        picture = Picture(row["formato"] or "X")
    except ValueError as error:
        raise ValueError(f"formato of {column}: {error}") from None
    if constant:
        if not picture.is_text:
            raise ValueError(f"{column} is a constant, so its formato must be empty")
        return Mapped(column, None, picture, constant)
    return Mapped(column, _origin(column, origin, container, is_headless), picture)


def _origin(column: str, origin: str, container: str, is_headless: bool) -> str | int | Place:
    if container == "largura_fixa":
        try:
            return Place.parse(origin)
        except ValueError as error:
            raise ValueError(f"origem of {column} {error}") from None
    if container == "json":
        if '"' in origin:
            raise ValueError(f"origem of {column} is a key with a quote, which no path can name")
        return origin
    return _number(f"origem of {column}", origin) if is_headless else origin.lower()


def _refuse_column(
    mapped: Mapped, before: Sequence[Mapped], row: Mapping[str, str], tables: Sequence[RawTable]
) -> None:
    table = _table(row, tables)
    if mapped.column not in [column.name for column in table.columns]:
        raise ValueError(f"{table.source}.{table.name} has no column {mapped.column!r}")
    if mapped.column in GATE_COLUMNS:
        raise ValueError(f"{mapped.column} is written by the gate itself")
    for other in before:
        if other.column == mapped.column:
            raise ValueError(f"column {mapped.column} appears twice")
        if isinstance(mapped.origin, Place) and isinstance(other.origin, Place):
            first, last = mapped.origin.first, mapped.origin.last
            if first <= other.origin.last and other.origin.first <= last:
                raise ValueError(f"{mapped.column} at {first}-{last} overlaps {other.column}")


def _table(row: Mapping[str, str], tables: Sequence[RawTable]) -> RawTable:
    source, name = row["source_name"], row["table_name"]
    table = next((table for table in tables if (table.source, table.name) == (source, name)), None)
    if table is None or table.is_json or table.is_parquet:
        raise ValueError(f"{source}.{name} is no raw table of text")
    return table


def _format(row: Mapping[str, str], mapped: Sequence[Mapped], tables: Sequence[RawTable]) -> Format:
    table = _table(row, tables)
    container = row["conteiner"]
    for field in ("id_cliente", "arquivos"):
        if not row[field].strip():
            raise ValueError(f"{field} is empty")
    if container not in CONTAINERS:
        raise ValueError(f"conteiner is {container!r}, but must be one of {', '.join(CONTAINERS)}")
    _refuse_fields_of_another(row, container)
    missing = [name for name in table.required if name not in [each.column for each in mapped]]
    if missing:
        raise ValueError(f"required column {', '.join(missing)} has neither origem nor constante")
    if not any(each.origin for each in mapped):
        raise ValueError("every column is a constant")
    records = _records(row, mapped) if container == "largura_fixa" else None
    return Format(
        client=row["id_cliente"],
        source=table.source,
        table=table.name,
        version=_number("versao", row["versao"]),
        files=row["arquivos"],
        container=container,
        encoding=_encoding(row["codificacao"], container),
        delimiter=_delimiter(row["delimitador"]),
        header_at=_number("inicio", row["inicio"], least=0) if row["inicio"] else None,
        ends_with=row["fim"].strip() or None,
        ignored=row["ignorar"].strip() or None,
        records=records,
        totals=_totals(row, records, table),
        columns=tuple(mapped),
    )


def _refuse_fields_of_another(row: Mapping[str, str], container: str) -> None:
    """Refuse what says nothing in a container: whoever wrote it means something that will not happen."""
    other = {
        "delimitado": _OF_RECORDS,
        "planilha": (*_OF_RECORDS, "delimitador", "codificacao"),
        "largura_fixa": _OF_LINES,
        "json": (*_OF_RECORDS, *_OF_LINES, "trailer_linhas", "trailer_valor"),
    }[container]
    filled = [field for field in other if row[field].strip()]
    if filled:
        raise ValueError(f"{', '.join(filled)} must be empty for {container}")


def _number(what: str, text: str, least: int = 1) -> int:
    if not re.fullmatch("[0-9]{1,6}", text) or int(text) < least:
        raise ValueError(f"{what} is {text!r}, but must be a whole number from {least} on")
    return int(text)


def _encoding(name: str, container: str) -> str | None:
    if not name:
        if container == "largura_fixa":
            raise ValueError("codificacao is empty, but a record of fixed width needs one")
        return None
    try:
        "a".encode(name)
    except (LookupError, UnicodeError, ValueError):
        raise ValueError(f"codificacao is {name!r}, which Python does not know, such as cp1252") from None
    return name


def _delimiter(text: str) -> str | None:
    if not text:
        return None
    if text not in DELIMITERS:
        raise ValueError(f"delimitador is {text!r}, but must be one of {' '.join(DELIMITERS)}")
    return DELIMITERS[text]


def _records(row: Mapping[str, str], mapped: Sequence[Mapped]) -> Records:
    length = _number("tamanho_registro", row["tamanho_registro"])
    try:
        kind = Place.parse(row["tipo"])
    except ValueError as error:
        raise ValueError(f"tipo {error}") from None
    said = [row["cabecalho"], row["detalhe"], row["trailer"]]
    if not all(said) or len(set(said)) < 3:
        raise ValueError("cabecalho, detalhe and trailer must be three different texts")
    places = [("tipo", kind), *((each.column, each.origin) for each in mapped)]
    taken = sorted(
        ((name, place) for name, place in places if isinstance(place, Place)), key=lambda each: each[1].first
    )
    for (name, place), (other, following) in pairwise(taken):
        if following.first <= place.last:
            raise ValueError(f"{other} at {following.first}-{following.last} overlaps {name}")
    for name, place in taken:
        if place.last > length:
            raise ValueError(f"{name} ends at {place.last}, after the {length} characters of a record")
    return Records(length, kind, *said)


def _totals(row: Mapping[str, str], records: Records | None, table: RawTable) -> Totals:
    counts, picture = row["trailer_conta"], Picture("X")
    if counts not in ("", "detalhe", "todas"):
        raise ValueError(f"trailer_conta is {counts!r}, but must be detalhe or todas")
    if records and not row["trailer_linhas"]:
        raise ValueError("trailer_linhas is empty, but a trailer of fixed width declares its records")
    if (row["trailer_linhas"] or row["trailer_valor"]) and not records and not row["fim"].strip():
        raise ValueError(
            "trailer_linhas and trailer_valor are cells of the row that fim names, but fim is empty"
        )
    if row["trailer_valor"]:
        if table.amount is None:
            raise ValueError(f"{table.source}.{table.name} has no amount that trailer_valor could declare")
        try:
            picture = Picture(row["trailer_valor_formato"] or "X")
        except ValueError as error:
            raise ValueError(f"trailer_valor_formato: {error}") from None
        if records and not picture.is_implied:
            raise ValueError("trailer_valor_formato must be a number such as 9(11)V99")
    return Totals(
        _total("trailer_linhas", row["trailer_linhas"], records),
        counts == "todas",
        _total("trailer_valor", row["trailer_valor"], records),
        picture,
    )


def _total(field: str, text: str, records: Records | None) -> Place | int | None:
    if not text:
        return None
    if records is None:
        return _number(field, text)
    try:
        place = Place.parse(text)
    except ValueError as error:
        raise ValueError(f"{field} {error}") from None
    if place.last > records.length:
        raise ValueError(f"{field} ends at {place.last}, after the {records.length} characters of a record")
    return place
