"""The static gate: decides without an engine whether Athena would accept a query.

The grammar is `athena.lark`. `functions.txt` is the engine's own list (`show functions` of Trino 476, in lower
case); `tests/athena/test_dialect.py` compares the two and prints what has to change.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lark import Lark
from lark.exceptions import UnexpectedInput

FOLDER = Path(__file__).parent

# Functions of the SQL grammar that the engine does not list.
SPECIAL_FORMS = {"coalesce", "nullif", "if", "try", "row", "grouping"}
TYPES = {
    "boolean",
    "integer",
    "bigint",
    "double",
    "decimal",
    "varchar",
    "date",
    "timestamp",
    "varbinary",
    "json",
}


@cache
def _parser() -> Lark:
    return Lark(
        (FOLDER / "athena.lark").read_text(encoding="utf-8"),
        parser="lalr",
        lexer="basic",
        propagate_positions=True,
    )


@cache
def functions() -> frozenset[str]:
    """Return the names of the engine's functions."""
    return frozenset((FOLDER / "functions.txt").read_text(encoding="utf-8").split())


def problems(sql: str) -> list[str]:
    """Return why Athena would not run a query; empty if no problem is known."""
    try:
        tree = _parser().parse(sql)
    except UnexpectedInput as error:
        return [
            f"line {error.line}, column {error.column}: not Athena's SQL\n{error.get_context(sql).rstrip()}"
        ]
    known = {"function": functions() | SPECIAL_FORMS, "type_name": TYPES}
    return [
        f"line {token.line}, column {token.column}: Athena has no {rule.replace('_name', '')} {token}"
        for rule, names in known.items()
        for node in tree.find_data(rule)
        for token in node.children
        if str(token).lower() not in names
    ]
