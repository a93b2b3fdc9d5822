"""The reader and the counter, without dbt, on any text table in any dialect with any damage."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import SHARED, examples
from hypothesis import given
from hypothesis import strategies as st
from lastro.contract import Column, RawTable
from lastro.landing import reader
from lastro.landing.count import count_csv, count_json
from lastro.landing.sql import quoted
from lastro.landing.text import UnreadableFile, prepare

many = examples(1000)
NAMES = ["a", "b", "c"]


def table_of(names: list[str], amount: str | None = None) -> RawTable:
    columns = tuple(Column(name, "varchar", True) for name in names)
    return RawTable("x", "t", "x/t/*.csv", (names[0],), amount, None, columns)


# One connection for all tests, as a landing has one for all files.
CONNECTION = duckdb.connect(config={"threads": 1})


class Reading:
    """One file, read and counted."""

    def __init__(self, folder: Path, content: bytes, table: RawTable) -> None:
        self.path = folder / "t.csv"
        self.path.write_bytes(content)
        target = folder / "t.parquet"
        prepared = prepare(self.path, table.encoding, folder / "copy.txt")
        found = reader.read(CONNECTION, table, prepared, target)
        self.layout = found
        columns = ", ".join(quoted(column.name) for column in table.columns)
        self.rows = CONNECTION.execute(
            f"select _line_number, _raw_row, _row_problem, _delimiter, [{columns}] from '{target}' order by 1"
        ).fetchall()
        self.count = count_csv(self.path, prepared.encoding, table.amount, table.key)
        if self.count.swallows_rows or found.lines_set_free:
            self.count = count_csv(self.path, prepared.encoding, table.amount, table.key, by_line=True)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=6) | st.sampled_from(
    [
        "",
        '"',
        '""',
        "a\nb",
        "x\r\ny",
        ",",
        ";;",
        "\\",
        '\\"',
        "'",
        " ",
        "\t",
        "\u00a0",
        "\U0010ffff",
        "\ufeff",
    ]
)


@many
@given(
    rows=st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_any_table_survives_any_dialect(
    tmp_path: Path, rows: list[list[str]], delimiter: str, quoting: int, end: str
) -> None:
    out = io.StringIO(newline="")
    # Python quotes a cell with a CR only if its own line end has one.
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerow(NAMES)
    writer.writerows(rows)
    text = out.getvalue() if end == "\r\n" else out.getvalue().replace("\r\n", "\n")
    expected = [
        row
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        if "".join(row).strip(' "\t') or (len(row) > 1 and delimiter != "\t")
    ][1:]
    found = Reading(tmp_path, text.encode(), table_of(NAMES))
    if found.layout.lines_set_free:
        # A cell looks like rows of this very table, so each line is a row and is counted as one.
        lines = io.StringIO(text.replace("\r\r\n", "\n"), newline=None).read().split("\n")[1:]
        assert found.count.rows == len(found.rows) == sum(bool(line.strip(' "\t')) for line in lines)
        return
    plain = [
        [cell.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n") for cell in row]
        for row in expected
    ]
    assert [row[4] for row in found.rows] == plain
    assert [row[2] for row in found.rows] == [None] * len(plain)
    assert found.count.rows == len(plain)


@many
@given(seed=st.integers(0, 2**32))
def test_damage_never_loses_a_line(tmp_path: Path, seed: int) -> None:
    """With characters inserted anywhere below the header, every line is counted and in a row, with number and text."""
    chance = random.Random(seed)
    lines = [f"{n},{n}.50,text" for n in range(30)]
    for _ in range(chance.randint(1, 10)):
        at = chance.randrange(len(lines))
        where = chance.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:where] + chance.choice('"",; \t|x\u00e7\\') + lines[at][where:]
    end = chance.choice(["\n", "\r\n", "\r", "\r\r\n"])
    text = "a,b,c" + end + end.join(lines) + chance.choice(["", end])
    found = Reading(tmp_path, text.encode(), table_of(NAMES, amount="b"))
    covered = []
    amount, unreadable = Decimal(0), 0
    for number, raw, problem, delimiter, values in found.rows:
        assert raw is not None or (problem is None and delimiter.join(values) == lines[number - 2])
        for offset, line in enumerate((raw or lines[number - 2]).split("\n")):
            assert line == lines[number - 2 + offset]
            covered.append(number + offset)
        text = (values[1] or "").strip(" ")
        if re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2})?", text):
            amount += Decimal(text)
        elif re.fullmatch(r"-?[0-9]+,[0-9]{1,2}", text):
            amount += Decimal(text.replace(",", "."))
        else:
            unreadable += 1
    assert covered == [n for n, line in enumerate(lines, start=2) if line.strip(' "\t')]
    assert found.count[:3] == (len(found.rows), amount, unreadable)


SPECTRUM = SHARED / "csv" / "csv-spectrum"


@pytest.mark.skipif(not SPECTRUM.exists(), reason=f"{SPECTRUM} is not on this machine")
@pytest.mark.parametrize("name", [path.stem for path in sorted((SPECTRUM / "csvs").glob("*.csv"))])
def test_hard_quoting_is_cut_as_csv_spectrum_says(tmp_path: Path, name: str) -> None:
    content = (SPECTRUM / "csvs" / f"{name}.csv").read_bytes()
    by_python = list(csv.reader(io.StringIO(content.decode(), newline="")))
    found = Reading(tmp_path, content, table_of([cell.lower() for cell in by_python[0]]))
    # Line ends inside a record are kept as LF, whatever the file has.
    assert [row[4] for row in found.rows] == [
        [cell.replace("\r\n", "\n") for cell in row] for row in by_python[1:]
    ]
    assert found.count.rows == len(by_python) - 1
    meaning = json.loads((SPECTRUM / "json" / f"{name}.json").read_text())
    # The one JSON file that is not a list has another phone number than its CSV.
    if isinstance(meaning, list):
        assert [dict(zip(by_python[0], row[4], strict=True)) for row in found.rows] == [
            {key: value.replace("\r\n", "\n") for key, value in row.items()} for row in meaning
        ]


def read_lines(folder: Path, *lines: str) -> list[tuple]:
    return [row[:3] for row in Reading(folder, "\n".join(["a,b,c", *lines]).encode(), table_of(NAMES)).rows]


def test_quotes_that_are_not_closed_or_closed_too_early(tmp_path: Path) -> None:
    # Rows between two stray quotes stay rows.
    swallowing = ['1,"TV 32,x', "2,y,z", '3,TV 40",x', "4,y,z"]
    assert read_lines(tmp_path, *swallowing) == [
        (2, swallowing[0], "row:unbalanced_quote"),
        (3, None, None),
        (4, swallowing[2], None),
        (5, None, None),
    ]
    # A quote inside a cell is an ordinary character, even beside a cell with a line end.
    assert read_lines(tmp_path, '1,TV 32" LG,"two', 'lines"', "2,y,z") == [
        (2, '1,TV 32" LG,"two\nlines"', None),
        (4, None, None),
    ]
    # The first cell is the long one, so its last line has as many cells as a row.
    assert read_lines(tmp_path, '"1', '1",y,z') == [(2, '"1\n1",y,z', None)]
    # A backslash does not escape, so text after the quote is outside it.
    assert read_lines(tmp_path, '1,"TV 32\\" LG",z') == [(2, '1,"TV 32\\" LG",z', "row:text_after_quote")]
    assert read_lines(tmp_path, '1,"never', "2,y,z") == [
        (2, '1,"never', "row:unbalanced_quote"),
        (3, None, None),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_every_line_end_takes_nothing(tmp_path: Path, end: str) -> None:
    """No line end loses data, even mixed in one file whose header and last row end in CRLF."""
    text = f"a,b,c\r\n200,x,y{end}300,x,y{end}400,x,y\r\n"
    found = Reading(tmp_path, text.encode(), table_of(NAMES, amount="a"))
    assert [row[4] for row in found.rows] == [["200", "x", "y"], ["300", "x", "y"], ["400", "x", "y"]]
    assert [row[0] for row in found.rows] == [2, 3, 4]
    assert found.count[:3] == (3, Decimal("900.00"), 0)


def test_line_ends_are_found_where_blocks_of_reading_meet(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("lastro.landing.text._BLOCK", 3)
    text = "\ufeffa,b,c\r\n1,\u00e7,z\r\r\n2,\U0001f600,z\r3,y,z\n"
    found = Reading(tmp_path, text.encode(), table_of(NAMES))
    assert [(row[0], row[4]) for row in found.rows] == [
        (2, ["1", "\u00e7", "z"]),
        (3, ["2", "\U0001f600", "z"]),
        (4, ["3", "y", "z"]),
    ]


TEXT = "a,b,c\r\n1,Jo\u00e3o,S\u00e3o Paulo\r\n2,A\u00e7\u00e3o,\u201caspas\u201d\r\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"], ids=lambda name: name
)
def test_the_encodings_that_are_told_apart(tmp_path: Path, encoding: str) -> None:
    found = Reading(tmp_path, TEXT.encode(encoding), table_of(NAMES))
    assert [row[4] for row in found.rows] == [line.split(",") for line in TEXT.splitlines()[1:]]
    assert found.count.rows == 2
    # All non-ASCII characters come late in the file.
    text = "a,b,c\n" + "1,x,y\n" * 50_000 + "2,Jo\u00e3o,\u20ac\n"
    found = Reading(tmp_path, text.encode(encoding), table_of(NAMES))
    assert found.rows[-1][4] == ["2", "Jo\u00e3o", "\u20ac"]
    assert found.count.rows == len(found.rows) == 50_001


def test_an_encoding_that_cannot_be_told_is_refused_unless_it_is_declared(tmp_path: Path) -> None:
    for content, words in {
        b"a,b,c\n1,y,z\n2,\x81\xe7,z\n": "line 3: byte 0x81 is neither utf-8 nor cp1252",
        "a,b,c\n1,jo\u00e3o,n\u00e3o\n".encode(
            "cp850"
        ): "line 2: byte 0xC6 is not utf-8 and looks like cp850",
        TEXT.encode("cp1252") + "\u00e7\u00e3".encode("utf-8") + b"\x81": "is neither utf-8 nor cp1252",
    }.items():
        with pytest.raises(UnreadableFile, match=words):
            Reading(tmp_path, content, table_of(NAMES))
    for encoding in ("latin-1", "cp850"):
        declared = replace(table_of(NAMES), encoding=encoding)
        found = Reading(tmp_path, "a,b,c\n1,jo\u00e3o,n\u00e3o\n".encode(encoding), declared)
        assert found.rows[0][4] == ["1", "jo\u00e3o", "n\u00e3o"]
    with pytest.raises(UnreadableFile, match="line 2: byte 0xE3 is not utf-8"):
        Reading(tmp_path, b"a,b,c\n1,jo\xe3o,z\n", replace(table_of(NAMES), encoding="utf-8"))


def test_special_characters_cut_and_rename_nothing(tmp_path: Path) -> None:
    cells = ["\U0010ffff", "x\x00y", "\ufeffz", "\u2028", "\x85", "\x0b"]
    for cell in cells:
        found = Reading(tmp_path, f"a,b,c\n1,{cell},z\n2,y,z\n".encode(), table_of(NAMES))
        assert [row[4] for row in found.rows] == [["1", cell, "z"], ["2", "y", "z"]], repr(cell)
        assert found.count.rows == 2


def test_a_line_that_is_too_long_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="line 2: the line is longer than 2 MB"):
        Reading(tmp_path, b"a,b,c\n1," + b"x" * 3_000_000 + b",z\n", table_of(NAMES))


def read_json(folder: Path, content: str | bytes) -> tuple[list[tuple], int]:
    """Return the rows of a JSON file as (position, problem, who, answers), and the counter's count."""
    columns = (Column("who", "varchar", True), Column("answers", "map(varchar, varchar)", True))
    table = RawTable("x", "t", "x/t/*.json", ("who",), None, None, columns)
    path, target = folder / "t.json", folder / "t.parquet"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    prepared = prepare(path, None, folder / "copy.txt")
    with duckdb.connect(config={"threads": 1}) as con:
        reader.read(con, table, prepared, target)
    rows = duckdb.sql(
        f"select _line_number, _row_problem, who, answers from '{target}' order by 1"
    ).fetchall()
    return rows, count_json(path, prepared.encoding).rows


GOOD = '{"who": "a", "answers": {"q": "1"}}'
JSON = {
    "lines": (f"{GOOD}\n\n{GOOD}\n", [(1, None), (3, None)]),
    "an array": (f"[{GOOD},\n {GOOD}]", [(1, None), (2, None)]),
    "an empty array": ("[]", []),
    "with a byte order mark": (f"\ufeff[{GOOD}]", [(1, None)]),
    "a comma at the end": (f"[{GOOD}, {GOOD},]", [(1, None), (2, None)]),
    "an array that is cut off": (f"[{GOOD}, {GOOD[:20]}", [(1, None), (2, "row:not_json")]),
    "a broken object in an array": (
        f'[{GOOD}, {{"who": }}, {GOOD}]',
        [(1, None), (2, "row:not_json"), (3, None)],
    ),
    "a key that stands twice": ('{"who": "a", "who": "b", "answers": {}}', [(1, "row:repeated_key")]),
    "an answer that stands twice": (
        '{"who": "a", "answers": {"q": "1", "q": "2"}}',
        [(1, "answers:repeated_key")],
    ),
    "no object": ('7\n["a"]\n', [(1, "row:not_an_object"), (2, "row:not_an_object")]),
    "answers that are none": ('{"who": "a", "answers": [1]}', [(1, "answers:not_an_object")]),
    "a NUL in a key": ('{"who": "a", "answers": {"q\\u0000x": "1"}}', [(1, "row:nul_character")]),
}


@pytest.mark.parametrize("case", JSON)
def test_json_as_it_comes(tmp_path: Path, case: str) -> None:
    content, expected = JSON[case]
    rows, counted = read_json(tmp_path, content)
    assert [row[:2] for row in rows] == expected
    assert counted == len(expected)


def test_the_same_answers_in_another_order_are_the_same_text(tmp_path: Path) -> None:
    rows, _ = read_json(
        tmp_path,
        '{"who": "a", "answers": {"b": 1, "a": "x"}}\n{"answers": {"a": "x", "b": "1"}, "who": "a"}\n',
    )
    assert rows[0][2:] == rows[1][2:] == ("a", '{"a":"x","b":"1"}')


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_an_empty_json_file_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(UnreadableFile, match="the file is empty"):
        read_json(tmp_path, content)


def test_a_json_line_that_is_too_long_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="line 2: the line is longer than 2 MB"):
        read_json(tmp_path, f'{GOOD}\n{{"who": "{"x" * 3_000_000}"}}\n')
