"""Pictures: how a sender writes numbers and dates, and the standard text of a cell that is written so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

_IMPLIED = re.compile(r"9\((?P<whole>[0-9]+)\)(?:V(?P<fraction>9+|9\([0-9]+\)))?")
_DATES = (
    "DDMMAAAA",
    "AAAAMMDD",
    "DDMMAA",
    "DD/MM/AAAA",
    "DD/MM/AA",
    "DD-MM-AAAA",
    "DD.MM.AAAA",
    "MM/DD/AAAA",
    "AAAA-MM-DD",
    "AAAA/MM/DD",
)
# The mark of decimals and that of thousands.
_MARKED = {"9.999,99": (",", "."), "9,999.99": (".", ",")}
_STANDARD = re.compile(r"-?[0-9]+(\.[0-9]+)?")
# What an error lists.
EXAMPLES = ", ".join(["X", "9(11)V99", *_MARKED, *_DATES])


@dataclass(frozen=True)
class Picture:
    """How a cell is written: X is text, 9(11)V99 a number with implied decimals, DD/MM/AAAA a date."""

    text: str

    def __post_init__(self) -> None:
        """Refuse what is no picture.

        Raises:
            ValueError: It is none.
        """
        if self.text not in ("X", *_DATES, *_MARKED) and not _IMPLIED.fullmatch(self.text):
            raise ValueError(f"{self.text!r} is no picture; use one of {EXAMPLES}")

    @property
    def is_text(self) -> bool:
        """Whether a cell stays as it is."""
        return self.text == "X"

    @property
    def is_implied(self) -> bool:
        """Whether it is a number without a written decimal mark."""
        return _IMPLIED.fullmatch(self.text) is not None

    @property
    def is_marked(self) -> bool:
        """Whether it is a number with a written decimal mark, which a typed number needs no more."""
        return self.text in _MARKED

    @property
    def reader(self) -> Callable[[str], str]:
        """Return what makes the standard text of a cell: ISO 8601, or digits with a decimal point.

        Text that does not fit the picture stays as it is, without the blanks around it; dbt judges it.
        """
        if self.text in _DATES:
            return _date_reader(self.text)
        if self.text in _MARKED:
            return _marked_reader(*_MARKED[self.text])
        number = _IMPLIED.fullmatch(self.text)
        return _implied_reader(_places(number["fraction"])) if number else str.strip

    def write(self, value: Decimal | int, width: int) -> str:
        """Return a number as this picture writes it, with leading zeros.

        Raises:
            ValueError: It is no picture of implied decimals, or the number is wider or finer.
        """
        number = _IMPLIED.fullmatch(self.text)
        scaled = Decimal(value).scaleb(_places(number["fraction"])) if number else Decimal("NaN")
        if not scaled.is_finite() or scaled < 0 or scaled != scaled.to_integral_value():
            raise ValueError(f"{self.text} cannot write a total")
        text = str(int(scaled)).zfill(width)
        if len(text) > width:
            raise ValueError(f"a total has more than {width} digits")
        return text


def number_of(cell: str) -> Decimal | None:
    """Return the number of a cell in standard form, or as a sender may write it without a picture; else None.

    Without a picture 1234.56 and 1.234,56 are the same.
    """
    text = cell.strip()
    if not _STANDARD.fullmatch(text):
        text = _as_sent(text)
    return Decimal(text) if _STANDARD.fullmatch(text) else None


def amount_of(cell: str) -> Decimal:
    """Return what a cell adds to a sum: its number; nothing, if it is none."""
    return number_of(cell) or Decimal(0)


def _places(fraction: str | None) -> int:
    if not fraction:
        return 0
    return int(fraction[2:-1]) if "(" in fraction else len(fraction)


def _implied_reader(places: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not (text.isascii() and text.isdigit()):
            return text.strip()
        digits = text.lstrip("0").rjust(places + 1, "0")
        return f"{digits[:-places]}.{digits[-places:]}" if places else digits

    return read


def _date_reader(picture: str) -> Callable[[str], str]:
    pattern = re.escape(picture).replace("DD", "(?P<day>[0-9]{2})").replace("MM", "(?P<month>[0-9]{2})")
    pattern = pattern.replace("AAAA", "(?P<year>[0-9]{4})").replace("AA", "(?P<year>[0-9]{2})")
    shape = re.compile(pattern)

    # A file has few different dates.
    @lru_cache(maxsize=50_000)
    def read(text: str) -> str:
        text = text.strip()
        match = shape.fullmatch(text)
        if match is None:
            return text
        year = int(match["year"])
        # As POSIX reads two digits: 69 is 1969 and 68 is 2068.
        year += 0 if len(match["year"]) == 4 else 1900 if year >= 69 else 2000
        try:
            return date(year, int(match["month"]), int(match["day"])).isoformat()
        except ValueError:
            return text

    return read


def _marked_reader(decimal: str, thousands: str) -> Callable[[str], str]:
    decimal_mark, thousands_mark = re.escape(decimal), re.escape(thousands)
    shape = re.compile(
        rf"(?P<sign>-?)(?:R\$)?[ \u00a0]*(?P<whole>[0-9]{{1,3}}(?:{thousands_mark}[0-9]{{3}})+|[0-9]+)"
        rf"(?:{decimal_mark}(?P<fraction>[0-9]+))?"
    )

    def read(text: str) -> str:
        text = text.strip()
        match = shape.fullmatch(text)
        if match is None:
            return text
        sign, whole, fraction = match.groups()
        whole = whole.replace(thousands, "")
        return f"{sign}{whole}.{fraction}" if fraction else f"{sign}{whole}"

    return read


_as_sent = _marked_reader(",", ".")
