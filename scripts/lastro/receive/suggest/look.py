"""A first look at a file: its container, where its table starts and ends, and its columns."""

from __future__ import annotations

import csv
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lastro.landing import text
from lastro.landing.reader import DELIMITERS
from lastro.landing.text import Text, UnreadableFile
from lastro.receive.containers import Kind, kind_of
from lastro.receive.refusal import Refused
from lastro.receive.sheets import text_of, visible_sheets
from lastro.receive.suggest.values import Profile, is_value, profile

MAX_COLUMNS = MAX_ROWS = 100
# Filled lines that may stand before a header, and after a table: a format allows no more after it.
_BEFORE, _AFTER = 20, 20
_MAX_LINE = 2_000_000
_MAX_JSON = 4 * 1024 * 1024
# Part of the usual width of a table that a row has at least; titles and totals have less.
_FULL = 0.6
# What a line of totals begins with, so that a proposal repeats nothing else of it.
_TOTALS = re.compile(
    r"(?:(?:sub-?)?tota(?:l|is)|soma|somat[oó]rio|grand total|fim|rodap[eé]|trailer|quantidade|qtde?"
    r"|registros)(?: (?:geral|de registros|registros|de linhas|do arquivo|arquivo))?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Source:
    """A column of the file.

    Attributes:
        number: Its place from 1.
        name: Its header or key; None if the file has no header.
        profile: What its cells are.
        cells: One for each row that was looked at, as text, empty or not.
    """

    number: int
    name: str | None
    profile: Profile
    cells: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True)
class Look:
    """What a first look finds.

    Attributes:
        settings: Fields of `formatos`, those that can be seen.
        sources: The first columns.
        rows: The rows that were looked at.
        is_whole: Whether the file has no other rows.
        footer: The cells of the row of totals, if there is one.
        remarks: What a person should know.
    """

    settings: dict[str, str]
    sources: tuple[Source, ...] = ()
    rows: int = 0
    is_whole: bool = False
    footer: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Row:
    """A row that is not empty: its line, its cells as text, and which of them a spreadsheet has typed."""

    line: int
    cells: list[str]
    typed: list[bool]

    @property
    def filled(self) -> list[str]:
        return [cell.strip() for cell in self.cells if cell.strip()]


def look_at(path: Path, scratch: Path) -> list[Look]:
    """Return what is in a file that is no archive: one look, or one for each visible sheet that has cells.

    Args:
        path: The file.
        scratch: A folder for what is made of it.

    Raises:
        Refused: It cannot be read, or nothing can be proposed for it.
    """
    kind = kind_of(path)
    if kind in (Kind.xlsx, Kind.xls):
        return _sheets(path)
    if kind is not Kind.text:
        raise Refused(
            "tipo_desconhecido",
            f"a format can be agreed for text, JSON and spreadsheets, not for {kind.value}. A Parquet file"
            " needs none if its columns have the standard names.",
        )
    prepared = _prepared(path, scratch / "looked.txt")
    encoding = "" if _is_ascii(prepared) else prepared.encoding
    with prepared.path.open(encoding="utf-8", newline="\n") as file:
        start = file.read(_MAX_JSON)
    if start.lstrip()[:1] in ("[", "{"):
        records, is_whole = _records(start)
        if records:
            return [_json(records, is_whole and len(start) < _MAX_JSON, encoding)]
    lines, is_whole = _first_lines(prepared.path)
    if not lines:
        raise Refused("arquivo_vazio", "the file has no line. Send it again.")
    tail = [] if is_whole else _last_lines(prepared.path)
    delimiter = _delimiter([line for _, line in lines])
    if delimiter:
        return [_delimited(lines, tail, is_whole, delimiter, encoding)]
    return [_fixed_width(lines, tail, encoding)]


def _prepared(path: Path, copy: Path) -> Text:
    try:
        prepared = text.prepare(path, None, copy)
    except UnreadableFile as error:
        if "cp850" not in str(error):
            raise Refused(error.code, str(error)) from None
        # The gate wants it declared, and that is what a format does.
        prepared = text.prepare(path, "cp850", copy)
    if prepared.nul_line is not None:
        raise Refused(
            "byte_nulo",
            f"line {prepared.nul_line}: the character NUL. The file is damaged, or no text: send it again.",
        )
    return prepared


def _is_ascii(prepared: Text) -> bool:
    """Return whether a file is plain ASCII: the client's next one may still be in any encoding."""
    if prepared.encoding != "utf-8":
        return False
    with prepared.path.open("rb") as file:
        return all(block.isascii() for block in iter(lambda: file.read(1024 * 1024), b""))


def _first_lines(path: Path) -> tuple[list[tuple[int, str]], bool]:
    """Return the first lines that are not empty, and whether they are all."""
    lines: list[tuple[int, str]] = []
    with path.open(encoding="utf-8", newline="\n") as file:
        number = 0
        while line := file.readline(_MAX_LINE + 1):
            number += 1
            if len(line) > _MAX_LINE:
                raise Refused(
                    "linha_longa",
                    f"line {number}: the line is longer than 2 MB. Send a line end after each row.",
                )
            if line.strip(" \t\n\x1a"):
                if len(lines) == _BEFORE + MAX_ROWS + _AFTER:
                    return lines, False
                lines.append((number, line.rstrip("\n\x1a")))
    return lines, True


def _last_lines(path: Path) -> list[str]:
    """Return the last lines that are not empty; the first of a block may be cut, so it is none of them."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 256 * 1024, 0))
        lines = file.read().decode("utf-8", "replace").split("\n")[1:]
    return [line.rstrip("\x1a") for line in lines if line.strip(" \t\x1a")][-_AFTER:]


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except (csv.Error, StopIteration):
        return line.split(delimiter)


def _delimiter(lines: Sequence[str]) -> str | None:
    """Return what cuts most lines into one number of cells, the greater the better, or None."""
    scores = {}
    for delimiter in DELIMITERS:
        [(width, count)] = Counter(len(_cells(line, delimiter)) for line in lines).most_common(1)
        if width > 1 and 2 * count > len(lines):
            scores[delimiter] = (width - 1) * count
    best = max(scores, key=lambda delimiter: scores[delimiter], default=None)
    is_one_length = len(lines) > 2 and len({len(line) for line in lines}) == 1
    # A decimal comma at the same place of every record cuts it in two as well.
    return None if best == "," and is_one_length and scores[best] == len(lines) else best


def _delimited(
    lines: list[tuple[int, str]], tail: list[str], is_whole: bool, delimiter: str, encoding: str
) -> Look:
    def row(number: int, line: str) -> _Row:
        cells = _cells(line, delimiter)
        return _Row(number, cells, [False] * len(cells))

    settings = {
        "conteiner": "delimitado",
        "codificacao": encoding,
        "delimitador": "\\t" if delimiter == "\t" else delimiter,
    }
    comments = [line for _, line in lines if line.startswith("#")]
    is_header = bool(comments) and lines[0][1].startswith("#") and comments[0].count(delimiter) > 0
    if comments and not is_header:
        settings["ignorar"] = "#"
        lines = [(number, line) for number, line in lines if not line.startswith("#")]
    return _table([row(*line) for line in lines], [row(0, line) for line in tail], is_whole, settings)


def _sheets(path: Path) -> list[Look]:
    looks = []
    for _, sheet in visible_sheets(path):
        rows = [
            _Row(at, [text_of(cell) for cell in cells], [not isinstance(cell, str) for cell in cells])
            for at, cells in enumerate(sheet, start=1)
            if any(cell != "" for cell in cells)
        ]
        if rows:
            seen, tail = rows[: _BEFORE + MAX_ROWS + _AFTER], rows[-_AFTER:]
            looks.append(_table(seen, tail, len(seen) == len(rows), {"conteiner": "planilha"}))
    if not looks:
        raise Refused("arquivo_vazio", "no visible sheet has a cell. Send the spreadsheet again.")
    return looks


def _table(rows: list[_Row], tail: list[_Row], is_whole: bool, settings: dict[str, str]) -> Look:
    """Find the header and the total among rows, and look at the columns between the two."""
    remarks = []
    usual = Counter(len(row.filled) for row in rows).most_common(1)[0][0]
    # An empty optional cell makes a row shorter, and titles are shorter still.
    first = next(at for at, row in enumerate(rows) if len(row.filled) >= _FULL * usual)
    header = None if any(is_value(cell) for cell in rows[first].filled) else rows[first]
    if header is None and first:
        remarks.append("There is no header, but lines before the table: say in `ignorar` how they begin.")
    settings |= {} if header and not first else {"inicio": str(header.line) if header else "0"}
    table = rows[first + 1 :] if header else rows[first:]
    footer = _footer(table if is_whole else tail, usual)
    if footer:
        start, total = footer
        settings["fim"] = start
        table = table[: table.index(total)] if total in table else table
        if any(row.filled[0].casefold().startswith(start.casefold()) for row in table):
            remarks.append(f"Some rows begin like the total, with {start!r}: the table would end there.")
    is_whole = is_whole and len(table) <= MAX_ROWS
    seen = table[:MAX_ROWS]
    width = max((len(row.cells) for row in [*seen, *([header] if header else [])]), default=0)
    if width > MAX_COLUMNS:
        remarks.append(f"The file has {width} columns; only the first {MAX_COLUMNS} were looked at.")
    names = [name.strip() for name in header.cells[:MAX_COLUMNS]] if header else []
    repeated = {name for name in names if name and [each.lower() for each in names].count(name.lower()) > 1}
    if repeated:
        listed = ", ".join(sorted(name[:40] for name in repeated))
        remarks.append(f"The header repeats {listed}: which is which cannot be said, so they are ignored.")
    sources = [
        _source(number, names[number - 1] if header else None, seen)
        for number in range(1, (len(names) if header else min(width, MAX_COLUMNS)) + 1)
        if not header or (names[number - 1] and names[number - 1] not in repeated)
    ]
    cells = tuple(footer[1].cells) if footer else ()
    return Look(settings, tuple(sources), len(seen), is_whole, cells, tuple(remarks))


def _source(number: int, name: str | None, rows: list[_Row]) -> Source:
    cells = [row.cells[number - 1].strip() if number <= len(row.cells) else "" for row in rows]
    kept = [(cell, row.typed[number - 1]) for cell, row in zip(cells, rows, strict=True) if cell]
    return Source(
        number, name, profile([cell for cell, _ in kept], [typed for _, typed in kept]), tuple(cells)
    )


def _footer(rows: list[_Row], usual: int) -> tuple[str, _Row] | None:
    """Return the row of totals near the end, and the words that it begins with."""
    for row in rows[-_AFTER:]:
        words = _begins(row)
        if words and len(row.filled) < max(usual, 2):
            return words, row
    return None


def _begins(row: _Row) -> str | None:
    match = _TOTALS.match(row.filled[0])
    return match[0] if match else None


def _records(start: str) -> tuple[list[dict], bool]:
    """Return the first objects of a JSON array or of lines, and whether nothing follows them."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    records: list[dict] = []
    at = 0
    between = re.compile(r"[\s,\[\]]*")
    while len(records) < MAX_ROWS:
        at = between.match(start, at).end()
        if at == len(start):
            return records, True
        try:
            record, at = decoder.raw_decode(start, at)
        except (ValueError, RecursionError):
            return records, False
        if isinstance(record, dict):
            records.append(record)
    return records, between.match(start, at).end() == len(start)


def _json(records: list[dict], is_whole: bool, encoding: str) -> Look:
    keys = list(dict.fromkeys(key for record in records for key in record))
    remarks = []
    if len(keys) > MAX_COLUMNS:
        remarks.append(f"The records have {len(keys)} keys; only the first {MAX_COLUMNS} were looked at.")
    nested = [key for key in keys if any(isinstance(record.get(key), dict | list) for record in records)]
    if nested:
        remarks.append(f"{', '.join(nested)}: what is inside an object or a list cannot be a column.")
    sources = []
    for number, key in enumerate(keys[:MAX_COLUMNS], start=1):
        cells = [_scalar(record.get(key)) for record in records]
        sources.append(
            _source(number, key, [_Row(0, [""] * (number - 1) + [cell], [False] * number) for cell in cells])
        )
    settings = {"conteiner": "json", "codificacao": encoding}
    return Look(settings, tuple(sources), len(records), is_whole, (), tuple(remarks))


def _scalar(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _fixed_width(lines: list[tuple[int, str]], tail: list[str], encoding: str) -> Look:
    """Return what can be seen of records without delimiters: their length, and what each begins with."""
    records = [line for _, line in lines]
    lengths = {len(record) for record in [*records, *tail]}
    if len(lengths) > 1 or len(records) < 2:
        raise Refused(
            "formato_desconhecido",
            "no comma, semicolon, tab or bar cuts its lines into cells, and the lines differ in length."
            " Nothing can be proposed: send a table.",
        )
    settings = {"conteiner": "largura_fixa", "codificacao": encoding or "cp1252"}
    settings |= {"tamanho_registro": str(lengths.pop()), "tipo": "1-1"}
    last = (tail or records)[-1]
    kinds = Counter(record[0] for record in [*records[1:], *tail[:-1]] if record is not last)
    kind = max(kinds, key=lambda each: kinds[each], default="")
    remarks = [
        "The lines are records of one length without delimiters, so the positions have to be declared by"
        " hand: FIRST-LAST, counted from 1, such as 2-11. Ask the client for the layout."
    ]
    if len(kinds) == 1 and kind.isalnum():
        settings["detalhe"] = kind
        settings |= {"cabecalho": records[0][0]} if records[0][0].isalnum() and records[0][0] != kind else {}
        if last[0].isalnum() and last[0] != kind:
            settings["trailer"] = last[0]
            remarks.append(f"The last record begins with {last[0]!r} and seems to be a trailer.")
    else:
        del settings["tipo"]
        remarks.append("No character 1 says what a record is: say in `tipo` which characters do.")
    return Look(settings, rows=len(records), is_whole=not tail, remarks=tuple(remarks))


def unaccented(name: str) -> str:
    """Return a name in lower case, without accents and punctuation, one blank between words."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    letters = "".join(
        letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter)
    )
    return " ".join(re.sub(r"[^0-9a-z]+", " ", letters.lower()).split())
