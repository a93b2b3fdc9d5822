"""What the environment says of threads and memory, for all that runs DuckDB outside of dbt."""

from __future__ import annotations

import os
import re


def threads() -> int:
    """LASTRO_THREADS, 2 if it is not set.

    Raises:
        ValueError: It is no whole number above zero.
    """
    said = os.environ.get("LASTRO_THREADS", "2")
    if not re.fullmatch("[1-9][0-9]{0,3}", said):
        raise ValueError(f"LASTRO_THREADS is {said!r}, and has to be a whole number from 1 on.")
    return int(said)


def memory_limit() -> str:
    """LASTRO_MEMORY_LIMIT, 6GB if it is not set.

    Raises:
        ValueError: It is no number with a unit.
    """
    said = os.environ.get("LASTRO_MEMORY_LIMIT", "6GB")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)? ?([KMGT]i?B|%)", said, re.IGNORECASE):
        raise ValueError(f"LASTRO_MEMORY_LIMIT is {said!r}, and has to be a number with a unit, as 6GB.")
    return said
