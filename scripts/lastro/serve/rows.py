"""Rows of a JSON body as texts: nothing is rounded, and nothing is judged but their form."""

from __future__ import annotations

import csv
import io
import json

from lastro.contract import RawTable
from lastro.receive.suggest.match import mapped
from lastro.serve.problems import Problem


class _Number(str):
    """A number with the digits that it was sent with."""


def read_rows(body: bytes, columns: list[str], limit: int) -> list[dict[str, str]]:
    """Return the texts of each row by column; what is null or absent is left out.

    Args:
        body: `{"dividas": [{...}, ...]}` in UTF-8. A value is a text, a number or null.
        columns: The columns that a row may have.
        limit: The rows that a call may bring.

    Raises:
        Problem: It is not such a body. The message names the row and the column, and no value.
    """
    try:
        said = json.loads(
            body.decode(),
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except (ValueError, RecursionError) as error:
        raise _malformed(f"O corpo não é JSON em UTF-8{_place(error)}.") from None
    rows = said.get("dividas") if isinstance(said, dict) else None
    if not isinstance(rows, list) or set(said) != {"dividas"}:
        raise _malformed('O corpo não é {"dividas": [ … ]}.')
    if not 1 <= len(rows) <= limit:
        raise Problem(
            422,
            "linhas_demais" if rows else "sem_linhas",
            f"Uma chamada traz de 1 a {limit} linhas; esta traz {len(rows)}.",
            "Divida as linhas em mais chamadas.",
        )
    return [_row(row, number, columns) for number, row in enumerate(rows, 1)]


def header_of(table: RawTable) -> str:
    """Return the header line of a file in the standard layout."""
    return ",".join(column.name for column in mapped(table)) + "\n"


def write_rows(table: RawTable, client: str, rows: list[dict[str, str]]) -> str:
    """Return rows of a client as lines of a file in the standard layout, without its header."""
    text = io.StringIO()
    names = [column.name for column in mapped(table)]
    # Every cell is quoted: csv quotes no lone CR, which ends a line too.
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows(row | {"id_cliente_credor": client} for row in rows)
    return text.getvalue()


def _row(row: object, number: int, columns: list[str]) -> dict[str, str]:
    if not isinstance(row, dict):
        raise _malformed(f"A linha {number} não é um objeto.")
    unknown = row.keys() - set(columns)
    if unknown:
        raise _malformed(
            f"A linha {number} tem {len(unknown)} coluna(s) que não existem."
            f" As colunas são {', '.join(columns)}."
        )
    found = {}
    for column, value in row.items():
        if value is None:
            continue
        if not isinstance(value, str):
            raise _malformed(f"Na linha {number}, {column} não é texto nem número.")
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise _malformed(f"Na linha {number}, {column} tem um caractere que não é texto.")
        found[column] = str(value)
    return found


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def _place(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f" (linha {error.lineno}, coluna {error.colno})"
    return f" (byte {error.start})" if isinstance(error, UnicodeDecodeError) else ""


def _malformed(message: str) -> Problem:
    return Problem(422, "corpo_invalido", message, "Corrija o corpo; docs/api.md mostra um exemplo.")
