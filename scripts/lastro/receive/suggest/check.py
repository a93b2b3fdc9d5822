"""A file judged by the gate under a format, and the first rows that a build would find."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from lastro.contract import Column, RawTable
from lastro.landing import reader, text
from lastro.receive.formats import LINE_PROBLEM
from lastro.receive.gate import Gate
from lastro.receive.judge import Accepted
from lastro.receive.suggest.match import mapped

FIRST_ROWS = 5


@dataclass(frozen=True)
class Checked:
    """What the gate found.

    Attributes:
        accepted: Its judgement.
        columns: The standard columns.
        first_rows: The first rows, personal data masked.
        problems: For each code, how many lines cannot be split into cells.
    """

    accepted: Accepted
    columns: list[str]
    first_rows: list[list[str]]
    problems: dict[str, int]


def check(gate: Gate, path: Path, table: RawTable, client: str) -> list[Checked]:
    """Judge a file as if the client had sent it, and keep nothing.

    Args:
        gate: The gate, with the formats to judge by.
        path: The file.
        table: The raw table that it should be of.
        client: The client.

    Raises:
        Refused: It would be refused.
    """
    found: list[Checked] = []

    def keep(accepted: Accepted) -> None:
        found.append(_checked(accepted))

    gate.dry_run(path, name_in_inbox(table, client, path.name), keep)
    return found


def name_in_inbox(table: RawTable, client: str, name: str) -> str:
    """Return the name under the inbox that a client's file has.

    Raises:
        ValueError: No file of this table comes from outside.
    """
    if table.inbox is None:
        raise ValueError(f"{table.source}.{table.name} takes no files from outside. Name another --table.")
    folder = table.inbox.path.rpartition("/")[0].replace("/**", "").replace("{client}", client)
    return f"{folder}/{name}"


def _checked(accepted: Accepted) -> Checked:
    """Read what would be published as a build reads it, while it is still there."""
    table = accepted.arrival.table
    columns = [column for column in table.columns if column in mapped(table)]
    with TemporaryDirectory(prefix="lastro_format_") as folder, duckdb.connect(config={"threads": 1}) as con:
        landed = Path(folder) / "landed.parquet"
        if table.is_parquet:
            reader.read_parquet(con, table, accepted.path, landed)
        else:
            prepared = text.prepare(accepted.path, table.encoding, Path(folder) / "prepared.txt")
            reader.read(con, table, prepared, landed)
        names = [column.name for column in table.columns]
        # A line that cannot be split is told by the reader, or by the gate in a column of its own.
        problem = "_row_problem"
        if LINE_PROBLEM in names:
            problem = f"coalesce(_row_problem, nullif({LINE_PROBLEM}, ''))"
        listed = ", ".join(f'"{column.name}"' for column in columns)
        first = con.execute(
            f"select {listed} from read_parquet(?) where {problem} is null order by _line_number limit ?",
            [str(landed), FIRST_ROWS],
        ).fetchall()
        problems = con.execute(
            f"select {problem}, count(*) from read_parquet(?) where {problem} is not null"
            " group by 1 order by 1",
            [str(landed)],
        ).fetchall()
    rows = [
        [_masker(column, table)(cell) if cell else "" for column, cell in zip(columns, row, strict=True)]
        for row in first
    ]
    return Checked(accepted, [column.name for column in columns], rows, dict(problems))


def _masker(column: Column, table: RawTable) -> Callable[[str], str]:
    """Return what hides the cells of a column; keys, dates and amounts name nobody."""
    if column.name in table.key or column.type != "varchar":
        return str
    return masked_document if "documento" in column.name else masked_text


def masked_document(document: str) -> str:
    """Return a CPF or CNPJ with its middle only, and nothing of what has neither's length.

    For example 529.982.247-25 becomes ***.982.247-**.
    """
    plain = re.sub(r"[.\-/\s]", "", document)
    if len(plain) == 11:
        return f"***.{plain[3:6]}.{plain[6:9]}-**"
    if len(plain) == 14:
        return f"**.{plain[2:5]}.{plain[5:8]}/****-**"
    return "***"


def masked_text(words: str) -> str:
    """Return the first letter of each word, such as M*** S*** or m***@e***."""
    return re.sub(r"([^\s@])[^\s@]*", r"\1***", words)
