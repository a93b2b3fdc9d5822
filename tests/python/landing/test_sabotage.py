"""The first promise can fail: a reader or a counter that loses or changes something is detected."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Tables, Workspace
from lastro.landing import count, land, reader

ROWS = [[f"f{n}", f"c{n % 3}", "2024-01-05", "2024-01-15", f"{n}.00", ""] for n in range(1, 10)]


def sabotaged_sql(monkeypatch: pytest.MonkeyPatch, name: str, old: str, new: str) -> None:
    """Replace a text in one of the reader's SQL files."""
    honest = reader._sql

    def sql(asked: str) -> str:
        text = honest(asked)
        if asked != name:
            return text
        assert old in text
        return text.replace(old, new)

    monkeypatch.setattr(reader, "_sql", sql)


def drops_a_client(monkeypatch: pytest.MonkeyPatch) -> None:
    sabotaged_sql(
        monkeypatch,
        "split_rows",
        "and not is_blank(record)",
        "and not is_blank(record) and not contains(record, ',c1,')",
    )


def swallows_a_quoted_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "_swallows_rows", lambda *_: False)


def reads_amounts_as_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = reader._write

    def write(con, columns: dict[str, str], rows: str, target: Path) -> None:
        if "valor_fatura" in columns:
            columns |= {"valor_fatura": "'0.00'"}
        honest(con, columns, rows, target)

    monkeypatch.setattr(reader, "_write", write)


def reads_an_amount_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = reader._write

    def write(con, columns: dict[str, str], rows: str, target: Path) -> None:
        if "valor_fatura" in columns:
            columns |= {"valor_fatura": f"'R ' || {columns['valor_fatura']}"}
        honest(con, columns, rows, target)

    monkeypatch.setattr(reader, "_write", write)


def counter_misses_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = count.count_csv

    def count_csv(*args) -> count.Count:
        counted = honest(*args)
        return counted._replace(rows=counted.rows - 1)

    monkeypatch.setattr(land, "count_csv", count_csv)


def counter_misses_a_cent(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = count.count_csv

    def count_csv(*args) -> count.Count:
        counted = honest(*args)
        return counted._replace(amount=counted.amount and counted.amount - 1)

    monkeypatch.setattr(land, "count_csv", count_csv)


@pytest.mark.parametrize(
    ("sabotage", "difference"),
    [
        (drops_a_client, "difference_rows"),
        (swallows_a_quoted_block, "difference_rows"),
        (reads_amounts_as_zero, "difference_amount"),
        (reads_an_amount_as_text, "difference_unreadable_rows"),
        (counter_misses_a_row, "difference_rows"),
        (counter_misses_a_cent, "difference_amount"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_each_side_finds_the_other_out(
    workspace: Workspace,
    quick: Callable[..., Tables],
    monkeypatch: pytest.MonkeyPatch,
    sabotage: Callable[[pytest.MonkeyPatch], None],
    difference: str,
) -> None:
    """`reconciles` then stops the build: test_a_difference_fails_every_build."""
    path = workspace.write_rows("tb_faturas", "202401", ROWS)
    if sabotage is swallows_a_quoted_block:
        # Two stray quotes: the first opens at the start of a cell, and the second closes it four lines later.
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[2] = lines[2].replace(",c2,", ',"c2,')
        lines[6] = lines[6].replace(",c0,", ',c0",')
        path.write_text("\n".join(lines), encoding="utf-8")
    differences = f"select {difference} from lastro_cartoes.int_cartoes__reconciliacao"
    assert quick("int_cartoes__reconciliacao").query(differences) == [(0,)]
    shutil.rmtree(workspace.landed)
    sabotage(monkeypatch)
    [(found,)] = quick("int_cartoes__reconciliacao").query(differences)
    assert found != 0
