"""What the cells of a column look like. It is a hint for a proposal: dbt judges the rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

# Each date picture as strptime says it, the likelier first.
DATE_PICTURES = {
    "DD/MM/AAAA": "%d/%m/%Y",
    "MM/DD/AAAA": "%m/%d/%Y",
    "AAAA-MM-DD": "%Y-%m-%d",
    "DD-MM-AAAA": "%d-%m-%Y",
    "DD.MM.AAAA": "%d.%m.%Y",
    "AAAA/MM/DD": "%Y/%m/%d",
    "DD/MM/AA": "%d/%m/%y",
    "DDMMAAAA": "%d%m%Y",
    "AAAAMMDD": "%Y%m%d",
    "DDMMAA": "%d%m%y",
}
DECIMAL_COMMA, DECIMAL_DOT, TEXT = "9.999,99", "9,999.99", "X"
_YEARS = range(1950, 2101)
_MONEY = re.compile(r"(?:R\$\s*)?-?(?:R\$\s*)?(?P<number>[0-9][0-9.,]*)")
_COMMA = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+)(?:,[0-9]+)?")
_DOT = re.compile(r"(?:[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.[0-9]+)?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_LETTERS = re.compile(r"[^\W\d_][^\W\d_.'&/-]*\.?(?:[ .,'&/-]+[^\W\d_]+\.?)*")


@dataclass(frozen=True)
class Profile:
    """What the filled cells of a column are, each as a share from 0 to 1.

    Attributes:
        filled: How many cells are filled.
        document: Valid CPF or CNPJ.
        date: Dates in the one picture that fits most cells.
        date_picture: That picture.
        is_day_unsure: Whether day and month could change places in every cell.
        money: Numbers that may be R$.
        money_picture: The picture that says which mark is decimal.
        is_mark_unsure: Whether no cell tells a decimal mark from one of thousands.
        email: Addresses.
        name: Words of letters, two at least.
        distinct: Different values among the filled cells.
    """

    filled: int
    document: float
    date: float
    date_picture: str
    is_day_unsure: bool
    money: float
    money_picture: str
    is_mark_unsure: bool
    email: float
    name: float
    distinct: float


def profile(cells: Sequence[str], typed: Sequence[bool]) -> Profile:
    """Return what the filled cells of a column are.

    Args:
        cells: The filled cells as text; a date that a spreadsheet has typed is ISO 8601.
        typed: For each cell whether it is a number or date typed in a spreadsheet, which needs no picture.
    """
    written = [cell for cell, is_typed in zip(cells, typed, strict=True) if not is_typed]
    picture, fits, is_day_unsure = _date_picture(cells)
    if not any(_is_date(cell, picture) for cell in written):
        picture_needed, is_day_unsure = TEXT, False
    else:
        picture_needed = picture
    money_picture, is_mark_unsure = _money_picture(written)
    return Profile(
        filled=len(cells),
        document=_share(cells, is_document),
        date=fits,
        date_picture=picture_needed,
        is_day_unsure=is_day_unsure,
        money=_money(cells),
        money_picture=money_picture,
        is_mark_unsure=is_mark_unsure,
        email=_share(cells, lambda cell: bool(_EMAIL.fullmatch(cell))),
        name=_share(cells, lambda cell: " " in cell and bool(_LETTERS.fullmatch(cell))),
        distinct=len(set(cells)) / len(cells) if cells else 0.0,
    )


def is_value(text: str) -> bool:
    """Return whether a cell is a number, date, document or address, so that its row is no header."""
    return bool(_MONEY.fullmatch(text) or _EMAIL.fullmatch(text)) or any(
        _is_date(text, picture) for picture in DATE_PICTURES
    )


def is_document(text: str) -> bool:
    """Return whether a text is a CPF or CNPJ, also one whose leading zeros are lost."""
    text = re.sub(r"[.\-/\s]", "", text).upper()
    if re.fullmatch("[0-9]{8,11}", text):
        return _agrees(text.zfill(11), 10)
    return bool(re.fullmatch("[0-9]{12,13}|[0-9A-Z]{12}[0-9]{2}", text)) and _agrees(text.zfill(14), 8)


def _agrees(text: str, weights: int) -> bool:
    """Return whether both check digits agree; the weights 2, 3, … come from the right, over and over."""
    if len(set(text)) == 1:
        return False
    numbers = [ord(character) - 48 for character in text]
    for end in (len(text) - 2, len(text) - 1):
        total = sum(number * (2 + at % weights) for at, number in enumerate(reversed(numbers[:end])))
        if numbers[end] != (0 if total % 11 < 2 else 11 - total % 11):
            return False
    return True


def _share(cells: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(map(test, cells)) / len(cells) if cells else 0.0


def _is_date(text: str, picture: str) -> bool:
    if len(text) != len(picture):
        return False
    try:
        return datetime.strptime(text, DATE_PICTURES[picture]).year in _YEARS
    except ValueError:
        return False


def _date_picture(cells: Sequence[str]) -> tuple[str, float, bool]:
    """Return the picture of most cells, its share, and whether day and month could change places in all."""
    shares = {picture: _share(cells, lambda cell, p=picture: _is_date(cell, p)) for picture in DATE_PICTURES}
    best = max(shares, key=lambda picture: shares[picture])
    is_unsure = best == "DD/MM/AAAA" and shares[best] > 0 and shares["MM/DD/AAAA"] == shares[best]
    return best, shares[best], is_unsure


def _number(text: str) -> str | None:
    match = _MONEY.fullmatch(text)
    return match["number"] if match else None


def _money(cells: Sequence[str]) -> float:
    numbers = [number for cell in cells if (number := _number(cell)) and _is_number(number)]
    share = len(numbers) / len(cells) if cells else 0.0
    # Whole numbers may as well be keys or documents.
    return share if any("," in number or "." in number for number in numbers) else share * 0.6


def _is_number(number: str) -> bool:
    return bool(_COMMA.fullmatch(number) or _DOT.fullmatch(number))


def _money_picture(cells: Iterable[str]) -> tuple[str, bool]:
    """Return the picture of the decimal mark, and whether that is a guess."""
    numbers = [number for cell in cells if (number := _number(cell)) and ("," in number or "." in number)]
    comma = sum(bool(_COMMA.fullmatch(number)) for number in numbers)
    dot = sum(bool(_DOT.fullmatch(number)) for number in numbers)
    if not numbers:
        return TEXT, False
    return (DECIMAL_DOT if dot > comma else DECIMAL_COMMA), dot == comma
