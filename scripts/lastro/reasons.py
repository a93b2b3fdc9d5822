"""Why rows are rejected, in words: the seed that dbt loads too."""

from __future__ import annotations

import csv
from functools import cache
from typing import NamedTuple

from lastro import PROJECT

SEED = PROJECT / "seeds" / "qualidade" / "rejection_reasons.csv"


class Words(NamedTuple):
    """What a reason means, and what the sender does about it."""

    meaning: str
    remedy: str


@cache
def read_reasons(locale: str = "en") -> dict[str, Words]:
    """Return the words of every reason, by the code that stands after the column's name.

    Args:
        locale: en or pt_BR.
    """
    suffix = {"en": "", "pt_BR": "_pt"}[locale]
    with SEED.open(encoding="utf-8", newline="") as file:
        return {
            row["reason"]: Words(row[f"meaning{suffix}"], row[f"remedy{suffix}"])
            for row in csv.DictReader(file)
        }
