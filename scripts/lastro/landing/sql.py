"""Names, texts and paths as DuckDB SQL: nothing from a raw file is put into a statement without these."""

from __future__ import annotations

from pathlib import Path


def literal(text: str) -> str:
    """A text as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def without_wildcards(path: Path) -> str:
    """A path in which DuckDB takes * ? and [ for letters as any other."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path))
