"""Public collections of files that are hard to read, sent to the gate as if a client had sent them."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import NamedTuple

import openpyxl
import pytest
from conftest import SHARED
from throwaway import House, table_of

CORPORA = SHARED / "csv"
SPECTRUM = CORPORA / "csv-spectrum"
CSVLINT = "csvlint/features/fixtures"
GOODTABLES = "goodtables/data"

pytestmark = pytest.mark.skipif(not CORPORA.exists(), reason=f"{CORPORA} is not on this machine")


def one_table(folder: Path, columns: list[str]) -> House:
    return House(folder, table_of(columns))


def spectrum_json(name: str) -> list[dict[str, str]]:
    said = json.loads((SPECTRUM / "json" / f"{name}.json").read_text(encoding="utf-8"))
    if isinstance(said, list):
        return said
    # The only JSON that is not a list; its telephone number is not the one of its CSV.
    return [said | {"Contact Phone Number": "2095257564"}]


SPECTRUM_NAMES = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "location_coordinates",
    "newlines",
    "newlines_crlf",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]


def test_all_of_csv_spectrum_is_here() -> None:
    assert [path.stem for path in sorted((SPECTRUM / "csvs").glob("*.csv"))] == SPECTRUM_NAMES


@pytest.mark.parametrize("name", SPECTRUM_NAMES)
def test_csv_spectrum_is_published_as_it_is_and_means_what_its_json_says(tmp_path: Path, name: str) -> None:
    content = (SPECTRUM / "csvs" / f"{name}.csv").read_bytes()
    meaning = spectrum_json(name)
    columns = [column.lower() for column in meaning[0]]
    house = one_table(tmp_path, columns)
    outcome = house.send(f"x/{name}.csv", content)
    assert (outcome.status, outcome.code, outcome.rows) == ("aceito", None, len(meaning))
    assert house.published() == {f"x/t/{name}.csv": content}
    found = house.rows(outcome)
    assert [row.problem for row in found] == [None] * len(meaning)
    # A line end in a cell is kept as LF, whatever the file has.
    assert [dict(zip(columns, row.cells, strict=True)) for row in found] == [
        {column.lower(): cell.replace("\r\n", "\n") for column, cell in row.items()} for row in meaning
    ]


class File(NamedTuple):
    """A file of a corpus, what it should become, and why, found by looking at it.

    Attributes:
        columns: The columns that its table requires, as whoever publishes such files would declare them.
        rows: Its rows if it is accepted.
        problems: Its rows that dbt will reject, by their lines.
        code: Why it is refused, if it is.
        says: What the message has to name.
    """

    name: str
    columns: str
    rows: int = 0
    problems: tuple[tuple[int, str], ...] = ()
    code: str | None = None
    says: str = ""


WIDTH = "row:wrong_number_of_columns"
HMT = "department|entity|date of payment|expense type|expense area|supplier|transaction number|amount"

FILES = [
    # Line ends of four kinds, and of two in one file.
    File(f"{CSVLINT}/cr-line-endings.csv", "foo|bar|baz", rows=2),
    File(f"{CSVLINT}/crlf-line-endings.csv", "foo|bsr|baz", rows=2),
    File(f"{CSVLINT}/lf-line-endings.csv", "foo|bsr|baz", rows=2),
    File(f"{CSVLINT}/inconsistent-line-endings.csv", "foo|bsr|baz", rows=2),
    File(f"{CSVLINT}/inconsistent-line-endings-unquoted.csv", "foo|bsr|baz", rows=2),
    File(f"{CSVLINT}/windows-line-endings.csv", "a|b|c", rows=1),
    File(f"{CSVLINT}/valid.csv", "foo|bar|baz", rows=2),
    File(f"{CSVLINT}/valid_many_rows.csv", "foo|bar|baz", rows=6),
    File(f"{CSVLINT}/white space in filename.csv", "foo|bar|baz", rows=2),
    # Line 4 ends in `"3" "`; line 8 is blank, and line 11 has three empty cells.
    File(f"{CSVLINT}/invalid_many_rows.csv", "foo|bar|baz", rows=10, problems=((4, "row:text_after_quote"),)),
    # Brazilian and in Windows-1252, which csvlint calls invalid; a comma ends each line, header included.
    File(
        f"{CSVLINT}/invalid-byte-sequence.csv",
        "data|dependencia origem|histórico|data do balancete|número do documento|valor",
        rows=23,
    ),
    File(
        f"{CSVLINT}/title-row.csv",
        "foo|bsr|baz",
        code="coluna_ausente",
        says="line 1: required column foo, bsr, baz is missing",
    ),
    # A faulty row is no fault of the file: rows that are too short or too long go on, each with its problem.
    File(
        f"{GOODTABLES}/defective_rows.csv",
        "id|name|age",
        rows=2,
        problems=(
            (2, WIDTH),
            (3, WIDTH),
        ),
    ),
    File(f"{GOODTABLES}/fail_fast_two_structure_errors.csv", "id|name|age", rows=4, problems=((5, WIDTH),)),
    File(f"{GOODTABLES}/fail_fast_two_schema_errors.csv", "id|name|age", rows=4, problems=((5, WIDTH),)),
    File(f"{GOODTABLES}/report_limit_structure.csv", "id|name|age", rows=4, problems=((5, WIDTH),)),
    File(
        f"{GOODTABLES}/invalid-on-structure.csv",
        HMT,
        rows=3,
        problems=(
            (3, WIDTH),
            (4, WIDTH),
            (5, WIDTH),
        ),
    ),
    # Values are for dbt: a file of wrong ones is accepted.
    File(f"{GOODTABLES}/report_limit_schema.csv", "id|name|age", rows=4),
    File(f"{GOODTABLES}/duplicate_rows.csv", "id|name|age", rows=3),
    File(f"{GOODTABLES}/empty_rows.csv", "id|name|age", rows=3),
    File(f"{GOODTABLES}/empty_rows_multiple.csv", "id|name|age", rows=13),
    File(f"{GOODTABLES}/empty_rows_custom.csv", "id|name|age", rows=3),
    File(f"{GOODTABLES}/blacklisted_value.csv", "id|name", rows=4),
    File(f"{GOODTABLES}/sequential_value.csv", "id|name", rows=4),
    File(f"{GOODTABLES}/truncated_value.csv", "id|amount|comment", rows=4),
    File(f"{GOODTABLES}/deviated_value.csv", "temperature", rows=11),
    File(f"{GOODTABLES}/unique_field.csv", "id|name|slug", rows=9),
    File(f"{GOODTABLES}/required_false.csv", "id|name", rows=5),
    File(f"{GOODTABLES}/number_test/number-test.csv", "number|required|unique|minimum|maximum|enum", rows=13),
    File(f"{GOODTABLES}/invalid-on-bis-modified-schema.csv", HMT, rows=3),
    File(f"{GOODTABLES}/valid.csv", "id|name", rows=2),
    File(f"{GOODTABLES}/case_insensitive_headers.csv", "id|name|age", rows=2),
    File(f"{GOODTABLES}/contacts/people_extended.csv", "first_name|age|interests|extra", rows=2),
    File(f"{GOODTABLES}/datapackages/geopoint/data/geopoint-object.csv", "office|location", rows=3),
    # A blank line is no row.
    File(f"{GOODTABLES}/datapackages/invalid/data.csv", "id|name|description|amount", rows=2),
    # A column without a name is unknown, not wrong; one that is required twice cannot be told apart.
    File(f"{GOODTABLES}/headerless_columns.csv", "id|age", rows=2),
    File(
        f"{GOODTABLES}/duplicate_columns.csv",
        "id|name|age",
        code="coluna_repetida",
        says="line 1: column id appears twice",
    ),
    File(
        f"{GOODTABLES}/invalid.csv",
        "id|name",
        code="coluna_repetida",
        says="line 1: column name appears twice",
    ),
    File(f"{GOODTABLES}/empty.csv", "id|name", code="arquivo_vazio", says="no bytes"),
    # A header that is not in the first line, or not there.
    File(
        f"{GOODTABLES}/invalid_header_index_1.csv",
        "id|name|slug",
        code="coluna_ausente",
        says="line 1: required column id, name, slug",
    ),
    File(
        f"{GOODTABLES}/valid_header_index_3.csv",
        "id|name|slug",
        code="coluna_ausente",
        says="line 1: required column id, name, slug",
    ),
    File(f"{GOODTABLES}/invalid_no_headers.csv", "id|name", code="coluna_ausente", says="line 1"),
    File(f"{GOODTABLES}/datapackages/multipart/data.part1.csv", "id|name", rows=1),
    File(
        f"{GOODTABLES}/datapackages/multipart/data.part2.csv", "id|name", code="coluna_ausente", says="line 1"
    ),
    File(
        f"{GOODTABLES}/jungle/gla-2011-12-P13-500.csv",
        "vendor name|amount",
        code="coluna_ausente",
        says="line 1: required column vendor name, amount",
    ),
    File(
        f"{GOODTABLES}/jungle/gla-december_2009.csv", "supplier|amount", code="coluna_ausente", says="line 1"
    ),
    File(f"{GOODTABLES}/dataset.png", "id", code="tipo_desconhecido", says="the file is an image"),
    # Windows-1252, with a no-break space between thousands and semicolons.
    File(f"{GOODTABLES}/latin1.csv", "id|name", rows=2),
    File(
        f"{GOODTABLES}/jungle/VilleMTP_MTP_BudgetPri_2015.csv",
        "exercice|section|d/r|fonction|libellé fonction|nature|bp2015",
        rows=1329,
    ),
    File(f"{GOODTABLES}/encoding-274.csv", "id|name|source_url", rows=507),
    File(f"{GOODTABLES}/issue277.csv", "source|type|identifier|title", rows=75),
    File(f"{GOODTABLES}/hmt/1011-bbsrc-25k-spend-return.csv", "department family|date|amount", rows=6639),
    File(f"{GOODTABLES}/hmt/BIS_spending_over__25_000_July_2014.csv", HMT, rows=3926),
    # Text that calls itself a spreadsheet, and text in gzip whose name does not say so.
    File(
        f"{GOODTABLES}/hmt/invalid_excel.xlsx",
        "department family|amount in sterling",
        code="coluna_ausente",
        # Its first line has seven commas, its second one the names.
        says="the header has 8 not declared",
    ),
    File(f"{GOODTABLES}/hmt/gzip_csv.gz", "department|entity|supplier|amount", rows=598),
    # The columns of goodtables' own faulty spreadsheet.
    File(
        f"{GOODTABLES}/invalid_fix_312.xlsx",
        "id|name",
        code="coluna_repetida",
        says="column name appears twice",
    ),
]


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: file.name.partition("/")[0] + ":" + Path(file.name).name
)
def test_each_file_is_accepted_or_refused_for_what_it_is(tmp_path: Path, file: File) -> None:
    house = one_table(tmp_path, file.columns.split("|"))
    content = (CORPORA / file.name).read_bytes()
    outcome = house.send(f"x/{Path(file.name).name}", content)
    assert house.kept(outcome.id_lote) == {Path(file.name).name: content}
    if file.code:
        assert (outcome.status, outcome.code) == ("recusado", file.code)
        assert file.says in outcome.message
        assert house.published() == {}
        return
    found = house.rows(outcome)
    assert (outcome.rows, len(found)) == (file.rows, file.rows)
    assert {row.line: row.problem for row in found if row.problem} == dict(file.problems)


def test_every_file_of_csvlint_is_named_here() -> None:
    there = {f"{CSVLINT}/{path.name}" for path in (CORPORA / CSVLINT).glob("*.csv")}
    assert there == {file.name for file in FILES if file.name.startswith(CSVLINT)}


# Files of thousands of rows, of which Python's csv module says every cell.
LONG = {
    f"{GOODTABLES}/encoding-274.csv": ("utf-8", ","),
    f"{GOODTABLES}/issue277.csv": ("utf-8", ","),
    f"{GOODTABLES}/hmt/1011-bbsrc-25k-spend-return.csv": ("utf-8", ","),
    f"{GOODTABLES}/hmt/BIS_spending_over__25_000_July_2014.csv": ("cp1252", ","),
    f"{GOODTABLES}/jungle/VilleMTP_MTP_BudgetPri_2015.csv": ("cp1252", ";"),
    f"{CSVLINT}/invalid-byte-sequence.csv": ("cp1252", ","),
}


@pytest.mark.parametrize("name", LONG, ids=lambda name: Path(name).name)
def test_real_files_are_read_cell_for_cell(tmp_path: Path, name: str) -> None:
    encoding, delimiter = LONG[name]
    content = (CORPORA / name).read_bytes()
    by_python = list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=delimiter))
    names = [cell.strip().lower() for cell in by_python[0]]
    house = one_table(tmp_path, [column for column in names if column])
    outcome = house.send(f"x/{Path(name).name}", content)
    assert house.said(outcome.id_lote)["codificacao"] == encoding
    assert [row.cells for row in house.rows(outcome)] == [
        [cell.replace("\r\n", "\n") for column, cell in zip(names, row, strict=True) if column]
        for row in by_python[1:]
    ]


def as_text(cell: object) -> str:
    """Return a cell of a spreadsheet as a person would write it down."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell)


@pytest.mark.parametrize("sheet", ["Entity", "Division"])
def test_sheets_in_four_scripts_are_read_as_openpyxl_reads_them(tmp_path: Path, sheet: str) -> None:
    path = CORPORA / GOODTABLES / "jungle" / "multilingual.xlsx"
    rows = list(openpyxl.load_workbook(path, data_only=True)[sheet].iter_rows(values_only=True))
    width = sum(name is not None for name in rows[0])
    # One sheet of two has the table's columns, and the warning names the other by its number.
    house = one_table(tmp_path, [name.lower() for name in rows[0][:width]])
    outcome = house.send("x/multilingual.xlsx", path.read_bytes())
    assert outcome.code.split(",")[-1] == f"aba_ignorada:{2 if sheet == 'Entity' else 1}"
    expected = [
        [as_text(cell) for cell in row[:width]] for row in rows[1:] if any(cell is not None for cell in row)
    ]
    found = house.rows(outcome)
    assert [row.cells for row in found] == expected
    assert expected[0][-3 if sheet == "Entity" else 2] == ("Israel" if sheet == "Entity" else "State")


def test_a_sheet_of_a_thousand_empty_columns(tmp_path: Path) -> None:
    house = one_table(tmp_path, [f"column_{n}" for n in range(1, 6)])
    outcome = house.send("x/a.xlsx", (CORPORA / GOODTABLES / "order_fields_313.xlsx").read_bytes())
    # Its second and third column are in the other order.
    assert next(row.cells for row in house.rows(outcome)) == [
        "column_1_value_1",
        "Column_2_value_1",
        "column_3_value_1",
        "Column_4_value_1",
        "Column_5_value_1",
    ]
    assert outcome.rows == 2


@pytest.mark.parametrize("ending", ["xls", "xlsx"])
def test_a_sheet_of_one_header_has_no_rows(tmp_path: Path, ending: str) -> None:
    house = one_table(tmp_path, ["a", "b", "c"])
    outcome = house.send(f"x/a.{ending}", (CORPORA / CSVLINT / f"spreadsheet.{ending}").read_bytes())
    assert (outcome.status, outcome.code, outcome.rows) == ("aceito", None, 0)
    assert house.said(outcome.id_lote)["formato"] == ending


# Rows of two spreadsheets of a ministry, read with the eye: sheet row, and its cells.
HOME_OFFICE = {
    2: [
        "Home Office",
        "Home Office",
        "2010-04-01",
        "Science, Technical & Research.Social Research",
        "Research, Dev & Statistics",
        "RICE UNIVERSITY",
        "1673275",
        "33475.5",
        "",
    ],
    4: [
        "Home Office",
        "Home Office",
        "2010-04-06",
        "Grant",
        "CPG - Crime & Policing Group",
        "COMMUNITIES & LOCAL GOVERNMENT (G)",
        "325574",
        "5095577.58",
        "",
    ],
}
BIS = {
    2: [
        "2012-12-04",
        "Gas",
        "CORONA ENERGY RETAIL 4 LTD",
        "1047467",
        "-3457.18",
        "NW4 3RJ",
    ],
    2706: [
        "2012-12-14",
        "Detached Duty Advances",
        "Personal Expense, Name Witheld",
        "",
        "224.49",
        "SW1H 0ET",
    ],
}


def test_old_spreadsheets_of_half_a_megabyte(tmp_path: Path) -> None:
    names = (
        "department|entity|date|expense type|expense area|supplier|transaction number|amount|"
        "vat registration number"
    )
    columns = names.split("|")
    house = one_table(tmp_path / "home", columns)
    outcome = house.send("x/a.xls", (CORPORA / GOODTABLES / "april-to-may-12th-2010.xls").read_bytes())
    found = house.rows(outcome)
    assert (outcome.rows, len(found)) == (2011, 2011)
    for row, cells in HOME_OFFICE.items():
        assert found[row - 2].cells == cells
    names = "date of payment|expense type|supplier|transaction number|amount|supplier post code"
    columns = names.split("|")
    house = one_table(tmp_path / "bis", columns)
    outcome = house.send(
        "x/b.xls", (CORPORA / GOODTABLES / "hmt/BIS_monthly_spend_December_2012.xls").read_bytes()
    )
    found = house.rows(outcome)
    assert (outcome.rows, len(found)) == (2705, 2705)
    for row, cells in BIS.items():
        assert found[row - 2].cells == cells


def test_the_line_of_a_row_is_its_row_in_the_sheet(tmp_path: Path) -> None:
    # Of 14 rows, the 13th is empty; errors and formats of characters are not text.
    house = one_table(tmp_path, ["bold"])
    path = CORPORA / GOODTABLES / "jungle" / "messytables-excel_properties.xls"
    outcome = house.send("x/a.xls", path.read_bytes())
    published = next(iter(house.published().values())).decode().splitlines()
    assert published[0] == "bold,linha_original"
    assert published[1:3] == ["italic,2", "underline,3"]
    assert published[-1] == "0,14"
    assert outcome.rows == 12


# The rows of each file of the archive; None where no column is called amount.
DEPARTMENTS = {
    "Legal Services Board Transparency Data May 2010.csv": 1,
    "CICA Transparency Data May .csv": None,
    "YJB Transparency Data May.csv": 13,
    "ICO Data May .csv": None,
    "LSC Admin Transparency Data May.csv": 14,
    "OLC Transparency Data May.csv": 1,
    "OPG Transparency Data May .csv": 1,
    "CCRC Transparency Data May .csv": 1,
    "Parole Board Data May.csv": 1,
    "JAC Transparency Data May.csv": 1,
    "LSC Fund Data May v2.csv": 960,
}


def test_an_archive_of_eleven_departments(tmp_path: Path) -> None:
    """Each file is a batch of its own, for which its own columns decide."""
    content = (CORPORA / GOODTABLES / "hmt" / "zip_csv.zip").read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    house = one_table(tmp_path, ["amount"])
    house.put("x/may.zip", content)
    container, *outcomes = house.receive()
    assert (container.name, container.status) == ("x/may.zip", "concluido")
    assert [outcome.name for outcome in outcomes] == [f"x/may.zip/{name}" for name in inside]
    for outcome, (name, each), rows in zip(outcomes, inside.items(), DEPARTMENTS.values(), strict=True):
        assert house.kept(outcome.id_lote) == {name: each}
        assert (outcome.status, outcome.rows) == ("aceito" if rows else "recusado", rows)
        if rows is None:
            assert "required column amount is missing" in outcome.message


@pytest.mark.parametrize("name", ["valid", "invalid"])
def test_a_data_package_in_an_archive(tmp_path: Path, name: str) -> None:
    """Two tables and their description: one of them is ours."""
    house = one_table(tmp_path, ["id", "name", "description", "amount"])
    house.put("x/p.zip", (CORPORA / GOODTABLES / "datapackages" / f"{name}.zip").read_bytes())
    container, *outcomes = house.receive()
    assert container.status == "concluido"
    assert {outcome.name.rpartition("/")[2]: (outcome.status, outcome.rows) for outcome in outcomes} == {
        "data.csv": ("aceito", 2),
        "data2.csv": ("recusado", None),
        "datapackage.json": ("recusado", None),
    }
