"""Threads and memory from the environment, for everything that runs DuckDB outside dbt."""

from __future__ import annotations

import os
import re


def threads() -> int:
    """Return LASTRO_THREADS, by default 2.

    Raises:
        ValueError: It is not a whole number above zero.
    """
    said = os.environ.get("LASTRO_THREADS", "2")
    if not re.fullmatch("[1-9][0-9]{0,3}", said):
        raise ValueError(f"LASTRO_THREADS is {said!r}, but must be a whole number, 1 or more.")
    return int(said)


def memory_limit() -> str:
    """Return LASTRO_MEMORY_LIMIT, by default 6GB.

    Raises:
        ValueError: It is not a number with a unit.
    """
    said = os.environ.get("LASTRO_MEMORY_LIMIT", "6GB")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)? ?([KMGT]i?B|%)", said, re.IGNORECASE):
        raise ValueError(f"LASTRO_MEMORY_LIMIT is {said!r}, but must be a number with a unit, such as 6GB.")
    return said
