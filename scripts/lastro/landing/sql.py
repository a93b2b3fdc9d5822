"""Names, texts and paths as DuckDB SQL. Nothing from a raw file enters a statement except through these."""

from __future__ import annotations

from pathlib import Path


def literal(text: str) -> str:
    """Return a text as a SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def without_wildcards(path: Path) -> str:
    """Return a path in which DuckDB takes *, ? and [ literally."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
