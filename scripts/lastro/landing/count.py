"""The second counter: a raw file's rows and R$ by Python's csv and json, sharing no code with the reader."""

from __future__ import annotations

import csv
import json
import mmap
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

import duckdb

from lastro.landing.sql import quoted

# A chunk whose amounts all have the commonest spelling is added up without parsing each one.
_PLAIN = re.compile(r"(?:-?[0-9]{1,12}\.[0-9]{2}\n)*")
_BLANKS = "\u00a0\u2009\u202f"
_SIGNED = re.compile(r" *(-?)(?:R\$ *)?(-?)([0-9][0-9., ]*?) *")
_DOT = re.compile(r"([0-9]+)(?:\.([0-9]{1,2}))?")
_COMMA = re.compile(r"([0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+),([0-9]{1,2})")
# Small chunks are freed before Python's garbage collector scans them.
_CHUNK = 500
# In characters. Larger blocks do not fit the processor's cache and take twice as long.
_BLOCK = 64 * 1024
csv.field_size_limit(2**31 - 1)


class Count(NamedTuple):
    """The contents of a file, counted.

    Attributes:
        rows: The rows, without the header and blank lines.
        amount: The sum in R$ of the readable amounts; None without an amount column.
        unreadable_amounts: The number of rows without a readable amount.
        swallows_rows: Whether a quoted cell spans a line that is itself a row.
    """

    rows: int
    amount: Decimal | None
    unreadable_amounts: int
    swallows_rows: bool = False


def count_csv(
    path: Path, encoding: str, amount: str | None, key: tuple[str, ...] = (), by_line: bool = False
) -> Count:
    """Count the rows and add up the amounts of a delimited file.

    Args:
        path: The raw file.
        encoding: Its encoding, as Python names it.
        amount: The column to add up, if any.
        key: The columns that a line must fill to be a row.
        by_line: Whether each line is a row, even if a quote makes it continue on the next line.

    Raises:
        UnicodeDecodeError: The file is not in this encoding.
    """
    with path.open(encoding=_with_bom(encoding), newline="") as file:
        header = next((line for line in file if line.strip(" \t\r\n")), "")
        delimiter = max("|;,\t", key=lambda candidate: (header.count(candidate), candidate))
        names = [name.strip(" \t").lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        at = names.index(amount) if amount in names else None
        keys = [names.index(name) for name in key if name in names]
        if not header or not _has_quotes(path):
            count, cents, unreadable = _count_without_quotes(path, encoding, delimiter, len(names), at)
            return Count(count, Decimal(cents) / 100 if amount else None, unreadable)
        lines = csv.reader(file, delimiter=delimiter)
        rows = _lines(file, delimiter) if by_line else lines
        count = cents = unreadable = 0
        swallows = False
        while chunk := list(islice(rows, _CHUNK)):
            if not by_line and lines.line_num > count + len(chunk):
                swallows = swallows or any(_swallows_rows(row, delimiter, len(names), keys) for row in chunk)
            if delimiter == "\t" or min(map(len, chunk)) < 2:
                chunk = [row for row in chunk if not _is_blank(row, delimiter)]
            count += len(chunk)
            if at is not None:
                more, bad = _sum_of_rows(chunk, len(names), at)
                cents += more
                unreadable += bad
        return Count(count, Decimal(cents) / 100 if amount else None, unreadable, swallows)


def _with_bom(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _has_quotes(path: Path) -> bool:
    """Return whether a file may contain a quote; in UTF-16 its byte may belong to another character."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b'"') >= 0


def _count_without_quotes(
    path: Path, encoding: str, delimiter: str, width: int, at: int | None
) -> tuple[int, int, int]:
    """Return the rows, cents and unreadable amounts of a file without quotes, twice as fast as csv.reader.

    Args:
        path: The raw file.
        encoding: Its encoding, as Python names it.
        delimiter: The character between its cells.
        width: The number of cells in the header.
        at: The index of the amount's cell, if any.
    """
    count = cents = unreadable = 0
    with path.open(encoding=_with_bom(encoding)) as file:
        next((line for line in file if line.strip()), "")
        while block := file.read(_BLOCK):
            block += file.readline()
            block += "" if block.endswith("\n") else "\n"
            lines = block.count("\n")
            # All cells in one list. If every row is complete, a line end follows each `width` cells.
            cells = block.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
            if width > 1 and delimiter != "\t" and cells[width :: width + 1].count("\n") == lines:
                count += lines
                more, bad = _sum(cells[at : -1 : width + 1]) if at is not None else (0, 0)
            else:
                chunk = [line.split(delimiter) for line in block.split("\n")]
                chunk = [row for row in chunk if not _is_blank(row, delimiter)]
                count += len(chunk)
                more, bad = _sum_of_rows(chunk, width, at) if at is not None else (0, 0)
            cents += more
            unreadable += bad
    return count, cents, unreadable


def _swallows_rows(row: list[str], delimiter: str, width: int, keys: list[int]) -> bool:
    """Return whether a line in the middle of a cell has as many cells as the header, and a key."""
    for cell in row:
        if "\n" in cell or "\r" in cell:
            for line in re.split("\r\r\n|\r\n|\r|\n", cell)[1:-1]:
                found = line.split(delimiter)
                if len(found) == width > 1 and all(found[at].strip(' "') for at in keys):
                    return True
    return False


def count_json(path: Path, encoding: str) -> Count:
    """Count the objects of a JSON file: an array of them, or one per line.

    Raises:
        UnicodeDecodeError: The file is not in this encoding.
    """
    with path.open(encoding=_with_bom(encoding), newline="") as file:
        start = ""
        while not start.strip() and (read := file.read(4096)):
            start += read
        file.seek(0)
        if not start.lstrip().startswith("["):
            return Count(sum(1 for line in file if line.strip(" \t\r\n")), None, 0)
        text = file.read().strip()
    try:
        # Objects become flags: nothing is left for the garbage collector, in a quarter of the time.
        return Count(len(json.loads(text, object_hook=bool)), None, 0)
    except ValueError:
        return Count(_objects_of_a_broken_array(text), None, 0)


def count_parquet(path: Path, amount: str | None) -> Count:
    """Count the rows declared in a Parquet file's footer, and add up the amounts one by one."""
    with duckdb.connect() as con:
        [(rows,)] = con.execute("select sum(num_rows) from parquet_file_metadata(?)", [str(path)]).fetchall()
        if not amount:
            return Count(rows, None, 0)
        found = con.execute(f"select cast({quoted(amount)} as varchar) from read_parquet(?)", [str(path)])
        cents = unreadable = 0
        while chunk := found.fetchmany(_CHUNK):
            more, bad = _sum([cell or "" for (cell,) in chunk])
            cents += more
            unreadable += bad
    return Count(rows, Decimal(cents) / 100, unreadable)


def count_lines(path: Path) -> Count:
    """Count the lines after the first in a file that cannot be read as text."""
    with path.open("rb") as file:
        lines = sum(1 for line in file if line.strip())
    return Count(max(lines - 1, 0), None, 0)


def _objects_of_a_broken_array(text: str) -> int:
    """Count the objects by the places where one ends and the next begins."""
    return len(re.findall(r"\}\s*,\s*\{", text)) + bool(text.strip("[] \t\r\n"))


def _lines(file: TextIO, delimiter: str) -> Iterator[list[str]]:
    """Yield each line as a row. A line with an unclosed quote has too few cells for a readable amount."""
    for line in file:
        if line.strip(' "\t\r\n'):
            rows = list(csv.reader([line.rstrip("\r\n") + "\n", "closed"], delimiter=delimiter))
            yield rows[0] if len(rows) == 2 else ["", ""][: 2 if delimiter in line else 1] + [line]


def _is_blank(row: list[str], delimiter: str) -> bool:
    if len(row) > 1 and delimiter != "\t":
        return False
    return not "".join(row).strip(' "\t')


def _sum_of_rows(rows: list[list[str]], width: int, at: int) -> tuple[int, int]:
    """Return the cents, and the number of rows without a readable amount or with a wrong number of cells."""
    amounts = [row[at] for row in rows if len(row) == width]
    cents, unreadable = _sum(amounts)
    return cents, unreadable + len(rows) - len(amounts)


def _sum(amounts: list[str]) -> tuple[int, int]:
    """Return the cents, and the number of unreadable amounts."""
    text = "\n".join(amounts) + "\n"
    if amounts and _PLAIN.fullmatch(text):
        return sum(map(int, text.replace(".", "").split())), 0
    cents = [_cents(amount) for amount in amounts]
    return sum(cent for cent in cents if cent is not None), cents.count(None)


def _cents(amount: str) -> int | None:
    for blank in _BLANKS:
        amount = amount.replace(blank, " ")
    signed = _SIGNED.fullmatch(amount)
    match = signed and (_DOT.fullmatch(signed[3]) or _COMMA.fullmatch(signed[3]))
    if not match or (signed[1] and signed[2]):
        return None
    digits = re.sub("[. ]", "", match[1]).lstrip("0")
    # From a trillion on a sum could overflow, and no real amount is that large.
    if len(digits) > 12:
        return None
    return int((signed[1] or signed[2]) + (digits or "0") + (match[2] or "").ljust(2, "0"))
