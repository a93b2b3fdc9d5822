"""Files that declare their totals: records of fixed width with a trailer, and control files beside a file."""

from __future__ import annotations

import gzip
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from lastro.receive.formats import Format, read_formats
from throwaway import House, table_of

COLUMNS = {
    "conta": "varchar",
    "titular": "varchar",
    "vencimento": "date",
    "valor": "decimal(18, 2)",
    "taxa": "varchar",
}
FORMAT = """id_cliente,source_name,table_name,versao,arquivos,conteiner,codificacao,delimitador,inicio,fim,ignorar,tamanho_registro,tipo,cabecalho,detalhe,trailer,trailer_linhas,trailer_conta,trailer_valor,trailer_valor_formato
x,x,t,7,cob*.rem,largura_fixa,{encoding},,,,,40,1-2,00,10,99,3-8,{counts},{amount},9(9)V99
"""
PLACES = """id_cliente,source_name,table_name,versao,coluna,origem,formato,constante
x,x,t,7,conta,3-8,9(6),
x,x,t,7,titular,9-18,X,
x,x,t,7,vencimento,19-26,DDMMAAAA,
x,x,t,7,valor,27-35,9(7)V99,
x,x,t,7,taxa,36-40,9(2)V9(3),
"""


def formats(folder: Path, encoding="cp1252", counts="detalhe", amount="9-19") -> list[Format]:
    (folder / "formatos.csv").write_text(FORMAT.format(encoding=encoding, counts=counts, amount=amount))
    (folder / "formato_colunas.csv").write_text(PLACES)
    return read_formats(folder, [table_of(COLUMNS, amount="valor")])


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "gate", table_of(COLUMNS, amount="valor"), formats=formats(tmp_path))


#        0        1         2         3         4
#        1234567890123456789012345678901234567890
HEAD = "00COBRANCA  20240131                    "
ROWS = [
    "10" + "000042" + "Ana Maria " + "31012024" + "000123450" + "01500",
    "10" + "000007" + "João      " + "01022024" + "000000005" + "00025",
    "10" + "123456" + " B. Cruz  " + "29022024" + "999999999" + "12345",
]
# 1234.50 + 0.05 + 9999999.99
TOTAL = "01000123454"


def trailer(rows: str = "000003", amount: str = TOTAL) -> str:
    return f"99{rows}{amount}".ljust(40)


def text(*records: str, end: str = "\r\n") -> bytes:
    assert all(len(record) == 40 for record in records)
    return "".join(record + end for record in records).encode("cp1252")


GOOD = text(HEAD, *ROWS, trailer())


def test_records_become_rows_and_keep_their_lines(house: House) -> None:
    outcome = house.send("x/cob0131.rem", GOOD)
    assert (outcome.status, outcome.code, outcome.rows) == ("aceito", None, 3)
    said = house.said(outcome.id_lote)
    assert (said["formato"], said["versao_formato"], said["codificacao"]) == ("largura_fixa", "7", "cp1252")
    [(destination, published)] = house.published().items()
    assert destination == "x/t/cob0131.csv"
    assert published.decode() == (
        "conta,titular,vencimento,valor,taxa,linha_original\n"
        "42,Ana Maria,2024-01-31,1234.50,1.500,2\n"
        "7,João,2024-02-01,0.05,0.025,3\n"
        "123456,B. Cruz,2024-02-29,9999999.99,12.345,4\n"
    )
    assert sum(Decimal(row.cells[3]) for row in house.rows(outcome)) == Decimal("10001234.54")
    assert house.kept(outcome.id_lote) == {"cob0131.rem": GOOD}


@pytest.mark.parametrize(
    "content",
    [
        text(HEAD, *ROWS, trailer(), end="\n"),
        GOOD.removesuffix(b"\r\n"),
        GOOD + b"\x1a",
        GOOD + b"\r\n\r\n",
        text(HEAD, *ROWS[:1]) + b"\r\n" + text(*ROWS[1:], trailer()),
    ],
    ids=["LF", "no last line end", "end of file of DOS", "blank lines at the end", "a blank line inside"],
)
def test_what_old_systems_add_is_no_record(house: House, content: bytes) -> None:
    assert house.send("x/cob.rem", content).rows == 3


def test_a_file_without_records_between_its_ends_is_a_day_without_business(house: House) -> None:
    outcome = house.send("x/cob.rem", text(HEAD, trailer("000000", "00000000000")))
    assert (outcome.status, outcome.rows) == ("aceito", 0)


def test_a_name_of_another_pattern_is_read_as_text(house: House) -> None:
    outcome = house.send("x/outra.rem", GOOD)
    assert outcome.code == "coluna_ausente"


LIES = {
    "one record fewer than it says": (
        text(HEAD, *ROWS[1:], trailer(amount="01000000004")),
        "total_divergente",
        "line 4: the trailer declares 3 records, but the file has 2",
    ),
    "one record more than it says": (
        text(HEAD, *ROWS, ROWS[1], trailer(amount="01000123459")),
        "total_divergente",
        "line 6: the trailer declares 3 records, but the file has 4",
    ),
    "a cent too few": (
        text(HEAD, *ROWS, trailer(amount="01000123453")),
        "total_divergente",
        "line 5: the trailer declares 10001234.53 R$, but the file has 10001234.54",
    ),
    "a count that is no number": (
        text(HEAD, *ROWS, trailer(rows="00000A")),
        "total_divergente",
        "declares 00000A records",
    ),
    "an amount that is none": (text(HEAD, *ROWS, trailer(amount=" " * 11)), "total_divergente", "line 5"),
    "no trailer": (text(HEAD, *ROWS), "trailer_ausente", "the file ends after line 4"),
    "only a header": (text(HEAD), "trailer_ausente", "after line 1"),
    "a record after the trailer": (
        text(HEAD, *ROWS, trailer(), ROWS[0]),
        "registro_invalido",
        "line 6: a record follows the trailer",
    ),
    "two files in one": (GOOD + GOOD, "registro_invalido", "line 6: a record follows the trailer"),
    "a second header": (text(HEAD, HEAD, *ROWS, trailer()), "registro_invalido", "line 2: a second header"),
    "no header": (text(*ROWS, trailer()), "registro_invalido", "line 1: the first record is no header"),
    "a record of no kind": (
        text(HEAD, ROWS[0], "77" + ROWS[1][2:], ROWS[2], trailer()),
        "registro_invalido",
        "line 3: '77' is no kind of record",
    ),
    "a record that is too short": (
        text(HEAD, ROWS[0]) + ROWS[1][:-1].encode("cp1252") + b"\r\n" + text(ROWS[2], trailer()),
        "registro_invalido",
        "line 3: the record has 39 characters instead of 40",
    ),
    "two records in one line": (
        text(HEAD) + (ROWS[0] + ROWS[1]).encode("cp1252") + b"\r\n" + text(ROWS[2], trailer()),
        "registro_invalido",
        "line 2: the record has 80 characters instead of 40",
    ),
    "UTF-8 where Windows-1252 was agreed": (
        GOOD.decode("cp1252").encode(),
        "registro_invalido",
        "line 3: the record has 41 characters",
    ),
    "a byte that Windows-1252 lacks": (
        GOOD.replace(b"\xe3", b"\x81"),
        "codificacao_invalida",
        "line 3: byte 0x81 is not cp1252",
    ),
    "nothing but line ends": (b"\r\n\r\n", "arquivo_vazio", "no record"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_file_that_does_not_agree_with_itself_is_refused(house: House, lie: str) -> None:
    content, code, says = LIES[lie]
    outcome = house.send("x/cob.rem", content)
    assert (outcome.status, outcome.code) == ("recusado", code)
    assert says in outcome.message
    assert house.published() == {}


def test_a_trailer_that_counts_all_records(tmp_path: Path) -> None:
    house = House(
        tmp_path / "gate", table_of(COLUMNS, amount="valor"), formats=formats(tmp_path, counts="todas")
    )
    assert house.send("x/cob1.rem", text(HEAD, *ROWS, trailer("000005"))).rows == 3
    assert "declares 3 records, but the file has 5" in house.send("x/cob2.rem", GOOD).message


def test_a_trailer_without_an_amount(tmp_path: Path) -> None:
    house = House(tmp_path / "gate", table_of(COLUMNS, amount="valor"), formats=formats(tmp_path, amount=""))
    assert house.send("x/cob.rem", text(HEAD, *ROWS, trailer(amount=" " * 11))).rows == 3


def test_cells_that_do_not_fit_their_picture_are_for_dbt(house: House) -> None:
    """They stay as they are, and an amount that is none adds nothing."""
    faulty = "10" + "00A042" + "Ana       " + "31022024" + "0000x0450" + "     "
    outcome = house.send("x/cob.rem", text(HEAD, faulty, trailer("000001", "00000000000")))
    assert house.rows(outcome)[0].cells == ["00A042", "Ana", "31022024", "0000x0450", ""]


def test_every_byte_that_is_cut_off_is_missed(house: House) -> None:
    """Of a file without a last line end, any part but the whole is refused."""
    whole = GOOD.removesuffix(b"\r\n")
    for size in range(1, len(whole), 5):
        house.put(f"x/cob{size:03}.rem", whole[:size])
    outcomes = house.receive()
    assert {outcome.status for outcome in outcomes} == {"recusado"}
    assert {outcome.code for outcome in outcomes} == {"registro_invalido", "trailer_ausente"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("largura_fixa", "csv", "line 2: conteiner is 'csv'"),
        (",1-2,", ",2-1,", "line 2: tipo is '2-1'"),
        (",40,", ",forty,", "line 2: tamanho_registro is 'forty'"),
    ],
)
def test_a_format_that_is_wrong_names_its_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    said = FORMAT.format(encoding="cp1252", counts="detalhe", amount="9-19").replace(old, new)
    (tmp_path / "formatos.csv").write_text(said)
    (tmp_path / "formato_colunas.csv").write_text(PLACES)
    with pytest.raises(ValueError, match=says):
        read_formats(tmp_path, [table_of(COLUMNS, amount="valor")])


# --- Control files and markers ---

TABLE = "id,dia,valor\n1,2024-01-01,1234.50\n2,2024-01-02,0.05\n3,2024-01-03,-0.55\n"
DECLARED = {"id": "varchar", "dia": "date", "valor": "decimal(18, 2)"}


def controlled(folder: Path) -> House:
    return House(folder, table_of(DECLARED, amount="valor", control=".ctl"))


@pytest.mark.parametrize(
    "said",
    [
        "linhas=3",
        "valor=1234.00",
        "linhas=3\nvalor=1234.00\n",
        "\ufeffLinhas: 3\r\nVALOR: R$ 1.234,00\r\n",
        " linhas ; 3 ",
    ],
)
def test_totals_beside_a_file_that_agree(tmp_path: Path, said: str) -> None:
    house = controlled(tmp_path)
    house.put("x/a.csv.ctl", said)
    outcome = house.send("x/a.csv", TABLE)
    assert (outcome.status, outcome.rows) == ("aceito", 3)
    assert house.said(outcome.id_lote).get("valor") == ("1234.00" if "valor" in said.lower() else None)
    # The control file is evidence: it is kept beside the file.
    assert house.kept(outcome.id_lote) == {"a.csv": TABLE.encode(), "a.csv.ctl": said.encode()}
    assert list(house.published()) == ["x/t/a.csv"]


@pytest.mark.parametrize(
    ("said", "code", "says"),
    [
        ("linhas=4", "total_divergente", "the control file declares 4 rows, but the file has 3"),
        ("linhas=3\nvalor=1234.01", "total_divergente", "declares 1234.01 R$, but the file has 1234.00"),
        ("linhas=2\nvalor=1234.00", "total_divergente", "declares 2 rows"),
        ("linhas=three", "total_divergente", "declares three rows"),
        ("linhas=NaN", "total_divergente", "declares NaN rows"),
        ("", "controle_ilegivel", "linhas=1234"),
        ("rows=3", "controle_ilegivel", "linhas=1234"),
        ("linhas=3\nassinatura=x", "controle_ilegivel", "linhas=1234"),
        (b"linhas=\xff3", "controle_ilegivel", "linhas=1234"),
        (b"\x89PNG\r\n\x1a\n\0", "controle_ilegivel", "linhas=1234"),
    ],
)
def test_totals_beside_a_file_that_do_not_agree(
    tmp_path: Path, said: str | bytes, code: str, says: str
) -> None:
    house = controlled(tmp_path)
    house.put("x/a.csv.ctl", said)
    outcome = house.send("x/a.csv", TABLE)
    assert (outcome.status, outcome.code) == ("recusado", code)
    assert says in outcome.message
    assert set(house.kept(outcome.id_lote)) == {"a.csv", "a.csv.ctl"}


@pytest.mark.parametrize("ending", ["xlsx", "csv.gz"])
def test_totals_of_a_file_that_is_no_plain_text(tmp_path: Path, ending: str) -> None:
    house = controlled(tmp_path)
    rows = [line.split(",") for line in TABLE.splitlines()]
    out = io.BytesIO()
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([*row[:2], float(row[2]) if row[0] != "id" else row[2]])
    book.save(out)
    content = out.getvalue() if ending == "xlsx" else gzip.compress(TABLE.encode())
    house.put(f"x/a.{ending}.ctl", "linhas=3\nvalor=1234,00")
    assert house.send(f"x/a.{ending}", content).status == "aceito"


def test_totals_of_a_file_in_a_zip_are_those_beside_the_zip(tmp_path: Path) -> None:
    house = controlled(tmp_path)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("export.csv", TABLE)
    for name, said, status in [("a", "linhas=4", "recusado"), ("b", "linhas=3", "aceito")]:
        house.put(f"x/{name}.zip.ctl", said)
        assert house.send(f"x/{name}.zip", out.getvalue()).status == status


def test_totals_of_parquet(tmp_path: Path) -> None:
    house = House(tmp_path / "gate", table_of(DECLARED, amount="valor", ending="parquet", control=".ctl"))
    path = tmp_path / "a.parquet"
    rows = "values ('1', date '2024-01-01', 1.10::decimal(18, 2)), ('2', date '2024-01-02', 2.20)"
    duckdb.sql(f"copy (select * from ({rows}) as rows(id, dia, valor)) to '{path}' (format parquet)")
    for name, said, status in [("a", "valor=3.31", "recusado"), ("b", "linhas=2\nvalor=3.30", "aceito")]:
        house.put(f"x/{name}.parquet.ctl", said)
        assert house.send(f"x/{name}.parquet", path.read_bytes()).status == status


def test_totals_of_json_count_objects(tmp_path: Path) -> None:
    house = House(tmp_path, table_of({"id": "varchar"}, ending="json", control=".ctl"))
    for name, content in {"a": '[{"id": "1"},\n {"id": "2"}]', "b": '{"id": "3"}\n{"id": "4"}\n'}.items():
        house.put(f"x/{name}.json.ctl", "linhas=2")
        assert house.send(f"x/{name}.json", content).status == "aceito"
    house.put("x/c.json.ctl", "linhas=2")
    assert house.send("x/c.json", '[{"id": "5"}]').code == "total_divergente"


@pytest.mark.parametrize("companion", ["control", "marker"])
def test_a_file_waits_for_what_belongs_to_it(tmp_path: Path, companion: str) -> None:
    house = House(tmp_path, table_of(DECLARED, amount="valor", **{companion: ".ok"}))
    house.put("x/a.csv", TABLE)
    assert (house.receive(), house.gate.inbox.incomplete()) == ([], ["x/a.csv"])
    # It comes first or last; alone it waits as well, and is no file of its own.
    house.put("x/b.csv.ok", "linhas=3")
    assert (house.receive(), house.gate.inbox.incomplete()) == ([], ["x/a.csv", "x/b.csv.ok"])
    house.put("x/a.csv.ok", "linhas=3")
    [outcome] = house.receive()
    assert (outcome.name, outcome.status) == ("x/a.csv", "aceito")
    assert set(house.kept(outcome.id_lote)) == {"a.csv", "a.csv.ok"}
    assert house.gate.inbox.incomplete() == ["x/b.csv.ok"]
    outcome = house.send("x/b.csv", TABLE)
    assert outcome.status == "duplicado"


def test_a_marker_may_say_anything(tmp_path: Path) -> None:
    house = House(tmp_path, table_of(DECLARED, marker=".ok"))
    house.put("x/a.csv.ok", b"\0")
    assert house.send("x/a.csv", TABLE).status == "aceito"
