"""Any debt table in any declared format comes out as the same standard rows; what cannot be read keeps its line."""

from __future__ import annotations

import datetime
import shutil
import tracemalloc
from decimal import Decimal
from pathlib import Path

import pytest
from clients import (
    DAYS,
    DEBTS,
    DIVIDAS,
    FIXED,
    HEADER,
    NAMES,
    PLACES,
    Debt,
    as_delimited,
    as_json,
    as_records,
    as_sheet,
    cells_of,
    fixed_formats,
    house_of,
    named_columns,
    record,
    write_formats,
)
from conftest import many
from hypothesis import given
from hypothesis import strategies as st
from lastro.receive.containers import Kind
from lastro.receive.convert import convert, open_received
from lastro.receive.formats import read_formats
from lastro.receive.gate import Outcome
from lastro.receive.pictures import Picture
from lastro.receive.reading import database
from recebimento.throwaway import House

# 1 234.50 + 0.05 + 9 999 999.99
TOTAL = "10.001.234,54"
ROWS = [list(HEADER.values()), *(cells_of(debt) for debt in DEBTS)]


def landed(house: House, outcome: Outcome) -> list[list[str]]:
    """Return the cells that a build lands, with nothing as the empty text; no row may have a problem."""
    rows = house.rows(outcome)
    assert [row.problem for row in rows] == [None] * len(rows)
    return [[cell or "" for cell in row.cells] for row in rows]


def standard(first: int, debts: list[Debt] = DEBTS) -> list[list[str]]:
    return [debt.standard(line) for line, debt in enumerate(debts, start=first)]


# --- Pictures ---

READ = [
    ("X", "  Ana  ", "Ana"),
    ("9(6)", "000042", "42"),
    ("9(6)", "000000", "0"),
    ("9(6)", " 42 ", "42"),
    ("9(11)V99", "0000000123450", "1234.50"),
    ("9(11)V99", "5", "0.05"),
    ("9(2)V9(3)", "00025", "0.025"),
    ("9(11)V99", "-123", "-123"),
    ("9(11)V99", "12,3", "12,3"),
    ("9(6)", "", ""),
    ("9(6)", "٣", "٣"),
    ("DDMMAAAA", "31012024", "2024-01-31"),
    ("DDMMAAAA", "31022024", "31022024"),
    ("AAAAMMDD", "20240131", "2024-01-31"),
    ("DDMMAA", "310169", "1969-01-31"),
    ("DDMMAA", "310168", "2068-01-31"),
    ("DD/MM/AAAA", "02/01/2024", "2024-01-02"),
    ("DD/MM/AA", "02/01/24", "2024-01-02"),
    ("DD-MM-AAAA", "02-01-2024", "2024-01-02"),
    ("DD.MM.AAAA", "02.01.2024", "2024-01-02"),
    ("DD.MM.AAAA", "02x01x2024", "02x01x2024"),
    ("MM/DD/AAAA", "02/01/2024", "2024-02-01"),
    ("AAAA-MM-DD", "2024-01-02", "2024-01-02"),
    ("AAAA/MM/DD", "2024/01/02", "2024-01-02"),
    ("DD/MM/AAAA", "2/1/2024", "2/1/2024"),
    ("9.999,99", "1.234,56", "1234.56"),
    ("9.999,99", "1.234", "1234"),
    ("9.999,99", "R$ 1.234.567,8", "1234567.8"),
    ("9.999,99", "-12,00", "-12.00"),
    ("9.999,99", "1234.56", "1234.56"),
    ("9.999,99", "1.23", "1.23"),
    ("9,999.99", "1,234.56", "1234.56"),
    ("9,999.99", "1,234", "1234"),
    ("9,999.99", "1.234,56", "1.234,56"),
    ("9,999.99", "abc", "abc"),
]


@pytest.mark.parametrize(("picture", "text", "expected"), READ)
def test_a_picture_reads_what_fits_it_and_leaves_the_rest(picture: str, text: str, expected: str) -> None:
    assert Picture(picture).reader(text) == expected


# --- The same rows from every container ---

characters = st.characters(codec="cp1252", exclude_categories=["Cc", "Zs", "Zl", "Zp"])
words = st.text(characters, min_size=1, max_size=12)
ids = st.text("ABCDEFGHIJ0123456789-/.", min_size=1, max_size=12)
debts = st.builds(
    Debt,
    ids,
    words.map(lambda text: f"N{text}"[:20]),
    st.text("0123456789", min_size=11, max_size=14),
    st.one_of(st.just(""), st.emails().filter(lambda email: len(email) <= 25)),
    st.decimals(Decimal("0.01"), Decimal("999999999.99"), places=2),
    # As POSIX reads two digits of a year.
    st.dates(datetime.date(1970, 1, 1), datetime.date(2060, 12, 31)),
)
tables = st.lists(debts, min_size=1, max_size=6, unique_by=lambda debt: debt.id_divida)


@many
@given(
    table=tables,
    delimiter=st.sampled_from([",", ";", "|", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16"]),
    amount=st.sampled_from(["9.999,99", "9,999.99", "9(11)V99"]),
    day=st.sampled_from(sorted(DAYS)),
    titles=st.integers(0, 3),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    has_header=st.booleans(),
    is_declared=st.booleans(),
)
def test_any_delimited_file_comes_out_the_same(
    tmp_path: Path,
    table: list[Debt],
    delimiter: str,
    encoding: str,
    amount: str,
    day: str,
    titles: int,
    end: str,
    has_header: bool,
    is_declared: bool,
) -> None:
    shutil.rmtree(tmp_path / "gate", ignore_errors=True)
    origins = HEADER if has_header else {name: str(at) for at, name in enumerate(HEADER, start=1)}
    formats = write_formats(
        tmp_path,
        named_columns(amount, day, origins),
        conteiner="delimitado",
        codificacao=encoding if is_declared else "",
        delimitador=("\\t" if delimiter == "\t" else delimiter) if is_declared else "",
        inicio=str(titles + 1) if has_header else "0",
        ignorar="" if has_header else "#",
    )
    above = ["Relatório"] * titles if has_header else ["# nota"] * titles
    rows = ([list(HEADER.values())] if has_header else []) + [cells_of(each, amount, day) for each in table]
    text = "".join(f"{line}{end}" for line in above) + as_delimited(rows, delimiter, end)
    if not is_declared and encoding == "cp1252" and ambiguous(text):
        encoding = "utf-8"
    house = house_of(tmp_path, formats)
    outcome = house.send("cobranca/acme/carteira.csv", text.encode(encoding))
    assert landed(house, outcome) == standard(titles + 1 + has_header, table)


def ambiguous(text: str) -> bool:
    """Return whether detection has to guess: the letters are no Portuguese in Windows-1252."""
    return not set(text) <= set("áàâãéêíóôõúüçÁÀÂÃÉÊÍÓÔÕÚÜÇ") | {chr(code) for code in range(128)} or any(
        ord(letter) > 127 for letter in text
    )


@many
@given(table=tables, titles=st.integers(0, 3), is_typed=st.booleans())
def test_any_sheet_comes_out_the_same(tmp_path: Path, table: list[Debt], titles: int, is_typed: bool) -> None:
    shutil.rmtree(tmp_path / "gate", ignore_errors=True)
    formats = write_formats(tmp_path, conteiner="planilha", inicio=str(titles + 1))
    rows: list[list[object]] = [["Relatório"]] * titles + [list(HEADER.values())]
    # A sheet keeps fifteen digits.
    table = [debt._replace(valor=debt.valor % Decimal(10**11)) for debt in table]
    for debt in table:
        typed = [*cells_of(debt)[:4], float(debt.valor), debt.vencimento]
        rows.append(typed if is_typed else cells_of(debt))
    house = house_of(tmp_path, formats)
    outcome = house.send("cobranca/acme/carteira.xlsx", as_sheet(rows))
    found = landed(house, outcome)
    assert [row[:5] + row[6:] for row in found] == [row[:5] + row[6:] for row in standard(titles + 2, table)]
    assert [Decimal(row[5]) for row in found] == [debt.valor for debt in table]


@many
@given(table=tables)
def test_any_file_of_fixed_width_comes_out_the_same(tmp_path: Path, table: list[Debt]) -> None:
    shutil.rmtree(tmp_path / "gate", ignore_errors=True)
    house = house_of(tmp_path, fixed_formats(tmp_path))
    total = sum((debt.valor for debt in table), Decimal(0))
    content = as_records([record(debt) for debt in table], len(table), total)
    outcome = house.send("cobranca/acme/remessa.txt", content)
    assert landed(house, outcome) == standard(2, table)


@many
@given(table=tables, is_array=st.booleans(), is_typed=st.booleans(), day=st.sampled_from(sorted(DAYS)))
def test_any_json_comes_out_the_same(
    tmp_path: Path, table: list[Debt], is_array: bool, is_typed: bool, day: str
) -> None:
    shutil.rmtree(tmp_path / "gate", ignore_errors=True)
    house = house_of(tmp_path, write_formats(tmp_path, named_columns(day=day), conteiner="json"))
    outcome = house.send("cobranca/acme/c.json", as_json(table, is_array, is_typed, day))
    found = landed(house, outcome)
    assert [row[:5] + row[6:] for row in found] == [row[:5] + row[6:] for row in standard(1, table)]
    assert [Decimal(row[5]) for row in found] == [debt.valor for debt in table]


def test_a_number_of_json_has_its_decimal_mark_already(tmp_path: Path) -> None:
    """As text 1.234 is a thousand and more; as a number it is one and a bit, which dbt refuses as an amount."""
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="json"))
    whole = as_json(DEBTS[:1], False, True, "DD/MM/AAAA")
    text = "".join(whole.replace("1234.5", amount) for amount in ("1.234", '"1.234"', "1234"))
    found = landed(house, house.send("cobranca/acme/c.json", text))
    assert [row[5] for row in found] == ["1.234", "1234", "1234"]


def test_what_is_published_has_every_declared_column_in_its_order(tmp_path: Path) -> None:
    """So that landing keeps no second copy of each row."""
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="delimitado", inicio="1"))
    outcome = house.send("cobranca/acme/c.csv", as_delimited(ROWS))
    [(name, published)] = house.published().items()
    assert name == f"cobranca/dividas/{outcome.id_lote}.csv"
    assert published.decode().split("\n")[:2] == [
        ",".join(NAMES),
        "acme,C-1,Ana Maria,52998224725,ana@x.com,1234.50,2024-01-31,2,,",
    ]
    said = house.said(outcome.id_lote)
    assert (said["formato"], said["versao_formato"], said["codificacao"]) == ("csv", "1", "utf-8")
    assert "linhas_ignoradas" not in said


def test_the_highest_version_that_matches_applies_to_a_file(tmp_path: Path) -> None:
    old = write_formats(tmp_path / "a", conteiner="delimitado", versao="9", arquivos="*.csv")
    new = write_formats(tmp_path / "b", conteiner="delimitado", versao="10", arquivos="CARTEIRA*")
    house = house_of(tmp_path, old + new)
    versions = [
        house.said(house.send(f"cobranca/acme/{name}", as_delimited(ROWS[: at + 2])).id_lote)[
            "versao_formato"
        ]
        for at, name in enumerate(["carteira.csv", "outra.CSV"])
    ]
    assert versions == ["10", "9"]


# --- Where the table begins and ends ---

END = {
    "conteiner": "delimitado",
    "delimitador": ";",
    "fim": "Total",
    "trailer_linhas": "2",
    "trailer_valor": "3",
}


def total(rows: str = "3", amount: str = TOTAL) -> str:
    return f"Total geral;{rows};{amount};;;\r\n"


def test_the_end_of_a_table_declares_totals_and_notes_may_follow(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, **END, ignorar="--"))
    text = as_delimited(ROWS[:2]) + "-- página 2\r\n" + as_delimited(ROWS[2:]) + total() + "\r\nAssinado;\r\n"
    outcome = house.send("cobranca/acme/c.csv", text)
    lines = [2, 4, 5]
    assert landed(house, outcome) == [debt.standard(line) for line, debt in zip(lines, DEBTS, strict=True)]
    # The page, the total and the signature.
    assert house.said(outcome.id_lote)["linhas_ignoradas"] == "3"


LIES = {
    "too few rows": (total(rows="2"), "total_divergente", "line 5: the end of the table declares 2 rows"),
    "another amount": (
        total(amount="1,00"),
        "total_divergente",
        "declares 1.00 R$, but the file has 10001234.54",
    ),
    "no number": (total(amount="Ana"), "total_divergente", "declares no number of R$"),
    "no total": ("", "trailer_ausente", "without the row that declares its totals"),
    "a row after it": (
        total() + as_delimited([cells_of(DEBTS[0])]),
        "rodape_inesperado",
        "line 6: a row follows the end of the table at line 5",
    ),
    "a book after it": (total() + "nota\r\n" * 21, "rodape_inesperado", "line 26: more than 20 lines follow"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_total_that_lies_refuses_a_delimited_file(tmp_path: Path, lie: str) -> None:
    ending, code, says = LIES[lie]
    house = house_of(tmp_path, write_formats(tmp_path, **END))
    outcome = house.send("cobranca/acme/c.csv", as_delimited(ROWS) + ending)
    assert (outcome.status, outcome.code) == ("recusado", code)
    assert says in outcome.message
    assert "Ana" not in outcome.message


def test_twenty_notes_may_follow_a_total(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, **END))
    assert house.send("cobranca/acme/c.csv", as_delimited(ROWS) + total() + "nota\r\n" * 20).rows == 3


def test_a_total_in_a_sheet(tmp_path: Path) -> None:
    formats = write_formats(
        tmp_path, conteiner="planilha", fim="TOTAL", trailer_linhas="4", trailer_valor="5", ignorar="página"
    )
    rows = [*ROWS[:2], ["Página 1"], *ROWS[2:], ["", "Total", "", 3.0, 10001234.54], [], ["Assinado"]]
    house = house_of(tmp_path, formats)
    outcome = house.send("cobranca/acme/c.xlsx", as_sheet(rows))
    assert [row[7] for row in landed(house, outcome)] == ["2", "4", "5"]
    assert house.said(outcome.id_lote)["linhas_ignoradas"] == "3"
    rows[5][4] = 1.0
    assert house.send("cobranca/acme/d.xlsx", as_sheet(rows)).code == "total_divergente"
    rows[5][4] = 10001234.54
    assert house.send("cobranca/acme/e.xlsx", as_sheet([*rows, ROWS[1]])).code == "rodape_inesperado"


def test_a_total_inside_a_quoted_cell_ends_nothing(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="delimitado", fim="Total", ignorar="-"))
    rows = [ROWS[0], ["C-1", 'Ana\nTotal; "x"\n- y', *ROWS[1][2:]], ROWS[2]]
    outcome = house.send("cobranca/acme/c.csv", as_delimited(rows))
    found = landed(house, outcome)
    assert [(row[1], row[7]) for row in found] == [("C-1", "2"), ("C-2", "5")]
    assert found[0][2] == 'Ana\nTotal; "x"\n- y'


# --- Lines that cannot be cut ---


def test_a_bad_line_keeps_its_number_and_text(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="delimitado", delimitador=";"))
    lines = as_delimited(ROWS).split("\r\n")
    lines[2:2] = ["", "C-9;Ana, 12", 'C-8;"Bia" x;1;;1,00;01/01/2024']
    outcome = house.send("cobranca/acme/c.csv", "\r\n".join(lines))
    found = landed(house, outcome)
    assert [(row[7], row[8], row[9]) for row in found] == [
        ("2", "", ""),
        ("4", "row:wrong_number_of_columns", "C-9;Ana, 12"),
        ("5", "row:text_after_quote", 'C-8;"Bia" x;1;;1,00;01/01/2024'),
        ("6", "", ""),
        ("7", "", ""),
    ]
    assert found[1][:7] == ["acme", "", "", "", "", "", ""]


def test_a_bad_row_of_a_sheet(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="planilha"))
    rows = [*ROWS[:2], [*ROWS[2], "à direita"], ROWS[3]]
    found = landed(house, house.send("cobranca/acme/c.xlsx", as_sheet(rows)))
    assert [row[7:9] for row in found] == [["2", ""], ["3", "row:wrong_number_of_columns"], ["4", ""]]
    assert found[1][9] == "C-2\tJoão Sá\t11144477735\t\t0,05\t01/12/2023\tà direita"


def test_a_bad_record(tmp_path: Path) -> None:
    house = house_of(tmp_path, fixed_formats(tmp_path))
    records = [record(DEBTS[0]), record(DEBTS[1])[:-1], "7" + record(DEBTS[2])[1:]]
    # The amounts of two are not known, so only the number of records is compared.
    found = landed(house, house.send("cobranca/acme/c.txt", as_records(records, 3, Decimal("10001234.54"))))
    assert [row[7:] for row in found] == [
        ["2", "", ""],
        ["3", "row:wrong_record_length", records[1]],
        ["4", "row:unknown_record", records[2]],
    ]
    assert house.send("cobranca/acme/d.txt", as_records(records, 2, Decimal(0))).code == "total_divergente"


def test_a_bad_object(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="json"))
    lines = as_json(DEBTS, False, True, "DD/MM/AAAA").splitlines()
    lines[1:1] = ["", '{"Contrato": "C-9"', '{"Contrato": 1, "Contrato": 2}', "[1]"]
    found = landed(house, house.send("cobranca/acme/c.json", "\n".join(lines)))
    assert [row[7:] for row in found] == [
        ["1", "", ""],
        ["3", "row:not_json", lines[2]],
        ["4", "row:repeated_key", lines[3]],
        ["5", "row:not_an_object", "[1]"],
        ["6", "", ""],
        ["7", "", ""],
    ]


def test_every_reason_of_a_line_has_words() -> None:
    from lastro.reasons import read_reasons

    assert {"wrong_record_length", "unknown_record", "rodape_inesperado"} <= read_reasons("pt_BR").keys()


# --- What is hostile ---

MIB = 1024 * 1024


def test_ten_thousand_columns(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="delimitado"))
    wide = [
        [*cells, *(f"{'coluna' if at == 0 else 'x'} {extra}" for extra in range(10_000))]
        for at, cells in enumerate(ROWS)
    ]
    assert landed(house, house.send("cobranca/acme/c.csv", as_delimited(wide))) == standard(2)


def test_a_name_of_two_hundred_characters(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="delimitado"))
    assert house.send(f"cobranca/acme/{'n' * 236}.csv", as_delimited(ROWS)).rows == 3


@pytest.mark.parametrize(
    ("container", "name", "content", "code"),
    [
        ("delimitado", "c.csv", as_sheet(ROWS), "tipo_desconhecido"),
        ("planilha", "c.xlsx", as_delimited(ROWS), "tipo_desconhecido"),
        ("json", "c.json", as_delimited(ROWS), "json_ilegivel"),
        ("json", "c.json", as_sheet(ROWS), "tipo_desconhecido"),
        ("delimitado", "c.csv", as_json(DEBTS, True, False, "DD/MM/AAAA"), "coluna_ausente"),
        ("delimitado", "c.csv", "\n \n", "arquivo_vazio"),
        ("delimitado", "c.csv", as_delimited(ROWS)[:-1] + "\0", "byte_nulo"),
        ("delimitado", "c.csv", as_delimited(ROWS).replace("Cliente", '"Cliente'), "aspas_abertas"),
        ("delimitado", "c.csv", as_delimited(ROWS).replace("Ana M", 'Ana "M'), "aspas_soltas"),
        ("delimitado", "c.csv", as_delimited(ROWS).replace(";Ana M", ';"Ana M'), "aspas_abertas"),
        ("delimitado", "c.csv", as_delimited(ROWS) + "x" * 2_100_000, "linha_longa"),
        ("delimitado", "c.csv", as_delimited([[*row, row[0]] for row in ROWS]), "coluna_repetida"),
        ("delimitado", "c.csv", as_delimited([row[:5] for row in ROWS]), "coluna_ausente"),
        ("planilha", "c.xlsx", as_sheet([row[:5] for row in ROWS]), "coluna_ausente"),
        ("json", "c.json", "", "arquivo_vazio"),
    ],
)
def test_a_file_that_is_not_as_agreed_is_refused(
    tmp_path: Path, container: str, name: str, content: bytes | str, code: str
) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner=container))
    outcome = house.send(f"cobranca/acme/{name}", content)
    assert (outcome.status, outcome.code) == ("recusado", code)
    # No cell of a row stands in a message.
    assert not any(cell in outcome.message for row in ROWS[1:] for cell in row if len(cell) > 2)


def test_columns_that_nobody_agreed_on_may_have_any_names(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="delimitado"))
    rows = [[*row, "obs" if at == 0 else "a", "obs" if at == 0 else "b", ""] for at, row in enumerate(ROWS)]
    outcome = house.send("cobranca/acme/c.csv", as_delimited(rows))
    assert (landed(house, outcome), outcome.code) == (standard(2), None)


def test_an_optional_column_that_is_missing_is_a_warning(tmp_path: Path) -> None:
    house = house_of(tmp_path, write_formats(tmp_path, conteiner="delimitado"))
    rows = [[*row[:3], *row[4:]] for row in ROWS]
    outcome = house.send("cobranca/acme/c.csv", as_delimited(rows))
    assert outcome.code == "coluna_ausente:email_devedor"
    assert [row[4] for row in landed(house, outcome)] == ["", "", ""]


def test_another_client_in_the_file_is_for_dbt_to_see(tmp_path: Path) -> None:
    columns = [{"coluna": "id_cliente_credor", "origem": "credor"}, *named_columns()[1:]]
    house = house_of(tmp_path, write_formats(tmp_path, columns, conteiner="delimitado"))
    rows = [[*row, "credor" if at == 0 else "globex"] for at, row in enumerate(ROWS)]
    outcome = house.send("cobranca/acme/c.csv", as_delimited(rows))
    assert {row[0] for row in landed(house, outcome)} == {"globex"}
    assert outcome.id_lote.startswith("acme-")


def test_without_a_format_the_gates_own_columns_are_not_taken_from_a_sender(tmp_path: Path) -> None:
    house = house_of(tmp_path, [])
    header = [*NAMES[:7], "problema_linha", "linha_original"]
    rows = [header, *([*debt.standard(0)[:7], "row:not_json", "77"] for debt in DEBTS)]
    outcome = house.send("cobranca/acme/c.csv", as_delimited(rows, ","))
    assert landed(house, outcome) == standard(2)
    # And a file without them is published byte by byte.
    plain = as_delimited([NAMES[:7], *(debt.standard(0)[:7] for debt in DEBTS[:2])], ",")
    outcome = house.send("cobranca/acme/d.csv", plain)
    assert house.published()[f"cobranca/dividas/{outcome.id_lote}.csv"] == plain.encode()


# --- Validation ---

WRONG = {
    "table": (
        {"table_name": "boletos"},
        None,
        "formato_colunas.csv, line 2: cobranca.boletos is no raw table",
    ),
    "column": (
        {},
        {"coluna": "cpf", "origem": "x"},
        "formato_colunas.csv, line 9: cobranca.dividas has no column",
    ),
    "gate column": (
        {},
        {"coluna": "linha_original", "origem": "x"},
        "line 9: linha_original is written by the gate",
    ),
    "twice": ({}, {"coluna": "id_divida", "origem": "x"}, "line 9: column id_divida appears twice"),
    "neither": ({}, {"coluna": "id_divida"}, "line 9: id_divida must have either"),
    "both": (
        {},
        {"coluna": "id_divida", "origem": "x", "constante": "y"},
        "line 9: id_divida must have either",
    ),
    "picture": (
        {},
        {"coluna": "email_devedor", "origem": "x", "formato": "DDMM"},
        "line 9: formato of email_devedor: 'DDMM' is no picture",
    ),
    "container": ({"conteiner": "xml"}, None, "formatos.csv, line 2: conteiner is 'xml'"),
    "encoding": ({"codificacao": "latin"}, None, None),
    "no encoding": ({"codificacao": "klingon"}, None, "formatos.csv, line 2: codificacao is 'klingon'"),
    "no text": ({"codificacao": "base64"}, None, "formatos.csv, line 2: codificacao is 'base64'"),
    "delimiter": ({"delimitador": "#"}, None, "formatos.csv, line 2: delimitador is '#'"),
    "begin": ({"inicio": "um"}, None, "formatos.csv, line 2: inicio is 'um'"),
    "version": ({"versao": "1.0"}, None, "formatos.csv, line 2: versao is '1.0'"),
    "cell number": ({"inicio": "0"}, None, "formato_colunas.csv, line 3: origem of id_divida is 'Contrato'"),
    "other container": (
        {"tamanho_registro": "80"},
        None,
        "line 2: tamanho_registro must be empty for delimitado",
    ),
    "total without end": (
        {"trailer_linhas": "2"},
        None,
        "line 2: trailer_linhas and trailer_valor are cells",
    ),
    "pattern": ({"arquivos": ""}, None, "formatos.csv, line 2: arquivos is empty"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_format_names_file_and_line(tmp_path: Path, wrong: str) -> None:
    said, column, says = WRONG[wrong]
    columns = named_columns() + ([column] if column else [])
    if says is None:
        assert write_formats(tmp_path, columns, **{"conteiner": "delimitado"} | said)
        return
    with pytest.raises(ValueError) as error:
        write_formats(tmp_path, columns, **{"conteiner": "delimitado"} | said)
    assert says in str(error.value)


def test_a_wrong_format_of_fixed_width_names_file_and_line(tmp_path: Path) -> None:
    columns = named_columns("9(11)V99", "DDMMAAAA", PLACES)
    for said, change, says in [
        ({}, ("valor_divida", "72-85"), "formato_colunas.csv, line 7: valor_divida at 72-85 overlaps email"),
        (
            {},
            ("data_vencimento", "93-101"),
            "formatos.csv, line 2: data_vencimento ends at 101, after the 100",
        ),
        ({}, ("data_vencimento", "9"), "formato_colunas.csv, line 8: origem of data_vencimento is '9'"),
        ({"tipo": "1-3"}, ("id_divida", "2-13"), "formatos.csv, line 2: id_divida at 2-13 overlaps tipo"),
        ({"codificacao": ""}, ("id_divida", "2-13"), "formatos.csv, line 2: codificacao is empty"),
        ({"detalhe": "0"}, ("id_divida", "2-13"), "line 2: cabecalho, detalhe and trailer must be three"),
        ({"trailer_valor": "90-101"}, ("id_divida", "2-13"), "line 2: trailer_valor ends at 101"),
        (
            {"trailer_valor_formato": ""},
            ("id_divida", "2-13"),
            "line 2: trailer_valor_formato must be a number",
        ),
        ({"trailer_conta": "x"}, ("id_divida", "2-13"), "line 2: trailer_conta is 'x'"),
    ]:
        name, place = change
        changed = [cell | ({"origem": place} if cell["coluna"] == name else {}) for cell in columns]
        with pytest.raises(ValueError) as error:
            write_formats(tmp_path, changed, **FIXED | said)
        assert says in str(error.value)


def test_required_columns_and_rows_that_belong_to_no_format(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 2: required column id_divida has neither"):
        write_formats(tmp_path, [*named_columns()[:1], *named_columns()[2:]], conteiner="delimitado")
    write_formats(tmp_path, conteiner="delimitado")
    path = tmp_path / "formato_colunas.csv"
    # A later version may be one that is being saved: its columns come first.
    path.write_text(path.read_text() + "acme,cobranca,dividas,0,id_divida,x,,\n")
    with pytest.raises(ValueError, match=r"formato_colunas.csv, line 9: formatos.csv has no row"):
        read_formats(tmp_path, [DIVIDAS])
    write_formats(tmp_path, conteiner="delimitado")
    path = tmp_path / "formatos.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    with pytest.raises(ValueError, match=r"formatos.csv, line 3"):
        read_formats(tmp_path, [DIVIDAS])
    path.write_text("id_cliente\nacme\n")
    with pytest.raises(ValueError, match=r"formatos.csv, line 1: the header must be|columns must be"):
        read_formats(tmp_path, [DIVIDAS])


def test_the_folder_of_formats_is_that_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_formats(tmp_path, conteiner="delimitado")
    monkeypatch.setenv("LASTRO_FORMATS", str(tmp_path))
    assert [each.client for each in read_formats()] == ["acme"]


# --- Size ---


def test_memory_does_not_grow_with_a_file(tmp_path: Path) -> None:
    """A text is decoded in blocks of 4 MiB, so both files have more."""
    [form] = write_formats(tmp_path, conteiner="delimitado")
    line = as_delimited([cells_of(DEBTS[0])])
    peaks = []
    for rows in (75_000, 150_000):
        path = tmp_path / f"{rows}.csv"
        path.write_text(as_delimited(ROWS[:1]) + line * rows)
        assert path.stat().st_size > 4 * MIB
        with database().cursor() as con:
            tracemalloc.start()
            received = open_received(con, path, Kind.text, form, DIVIDAS, tmp_path)
            convert(received, form, DIVIDAS, "acme", tmp_path / "made.csv")
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert (tmp_path / "made.csv").read_text().count("\n") == rows + 1
    assert peaks[1] < 1.1 * peaks[0]
