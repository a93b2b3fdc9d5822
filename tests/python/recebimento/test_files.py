"""What the gate says of one file: each reason on a real file, and the same rows in every form."""

from __future__ import annotations

import ast
import csv
import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb
import openpyxl
import pandas
import pytest
import xlsxwriter
from conftest import PROJECT
from lastro.contract import RawTable
from lastro.receive import judge as judging
from throwaway import House, project_table, table_of

COLUMNS = {"id": "varchar", "dia": "date", "nome": "varchar", "valor": "decimal(18, 2)"}
TEXT = table_of(COLUMNS, amount="valor")
JSON = table_of({"id": "varchar", "notas": "map(varchar, varchar)"}, ending="json", source="j")
PARQUET = table_of(COLUMNS, ending="parquet", source="p")
HEADER = "id,dia,nome,valor\n"
GOOD = f"{HEADER}1,2024-01-01,Ana,10.00\n2,2024-01-02,Bia,20.00\n"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path, TEXT, JSON, PARQUET)


def zipped(*members: tuple[str, bytes | str], level: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", level) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def with_password() -> bytes:
    """Return an archive whose member is marked as encrypted: bit 0 of the flags of both its headers."""
    content = bytearray(zipped(("a.csv", GOOD)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def sheet(*sheets: list[list[object]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for rows in sheets:
        page = book.add_worksheet()
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                page.write(at, column, cell)
    book.close()
    return out.getvalue()


def old_sheet_with_password() -> bytes:
    """Return an .xls of one stream, a workbook that begins with the record FILEPASS of BIFF8.

    After the compound file format: a header, one sector of allocations, one of the directory, then the stream.
    """
    begins = struct.pack("<HHHHHHII", 0x0809, 16, 0x0600, 5, 0, 0, 0, 0)
    stream = (begins + struct.pack("<HHH", 0x002F, 2, 1)).ljust(4096, b"\0")
    sectors = 8
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0
    )
    header = header.ljust(512, b"\xff")
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    allocations = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        said = name.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(name) + 2)
        said += struct.pack("<BBIII", kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child) + bytes(36)
        return said + struct.pack("<IQ", start, size)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, 4096)
    header = header[:76] + struct.pack("<I", 0) + header[80:]
    return header + allocations + directory.ljust(512, b"\0") + stream


def parquet(sql: str, folder: Path) -> bytes:
    path = folder / "made.parquet"
    duckdb.sql(f"copy ({sql}) to '{path}' (format parquet)")
    return path.read_bytes()


class Case(NamedTuple):
    """A file that is refused: its reason, its name, its bytes, and what the message names."""

    code: str
    name: str
    content: bytes | str | Callable[[], bytes]
    says: str


NO_BYTES = "the file has no bytes"
REFUSED = {
    "no bytes": Case("arquivo_vazio", "x/a.csv", b"", NO_BYTES),
    "only line ends": Case("arquivo_vazio", "x/a.csv", b"\n\r\n \n", "line 1: the file is empty"),
    "only a byte order mark": Case("arquivo_vazio", "x/a.csv", b"\xef\xbb\xbf", "the file is empty"),
    "an archive of nothing": Case("arquivo_vazio", "x/a.zip", zipped, "no file"),
    "an archive of an empty file": Case("arquivo_vazio", "x/a.zip", lambda: zipped(("a.csv", "")), NO_BYTES),
    "a gzip of nothing": Case("arquivo_vazio", "x/a.gz", lambda: gzip.compress(b""), NO_BYTES),
    "a sheet of nothing": Case("arquivo_vazio", "x/a.xlsx", lambda: sheet([]), "no visible sheet"),
    "JSON of nothing": Case("arquivo_vazio", "j/a.json", " \n", "line 1: the file is empty"),
    "a PDF": Case("tipo_desconhecido", "x/a.csv", b"%PDF-1.7\n", "a PDF"),
    "a picture": Case("tipo_desconhecido", "x/a.csv", b"\x89PNG\r\n\x1a\n", "an image"),
    "a 7-Zip": Case("tipo_desconhecido", "x/a.csv", b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    "a sheet for JSON": Case("tipo_desconhecido", "j/a.json", lambda: sheet([["id"]]), "t takes no xlsx"),
    "text for Parquet": Case("tipo_desconhecido", "p/a.parquet", GOOD, "only Parquet"),
    "half a gzip": Case("arquivo_truncado", "x/a.csv.gz", lambda: gzip.compress(GOOD.encode())[:-9], "gzip"),
    "half a zip": Case("arquivo_truncado", "x/a.zip", lambda: zipped(("a.csv", GOOD))[:60], "zip"),
    "a member twice": Case(
        "membro_repetido", "x/a.zip", lambda: zipped(("a.csv", GOOD), ("b/A.csv", GOOD)), "'a.csv'"
    ),
    "a zip with a password": Case("arquivo_protegido", "x/a.zip", with_password, "password"),
    "an old sheet with a password": Case("arquivo_protegido", "x/a.xls", old_sheet_with_password, "password"),
    "a path out of the archive": Case(
        "caminho_inseguro", "x/a.zip", lambda: zipped(("../a.csv", GOOD)), "'../a.csv'"
    ),
    "a name of 304 bytes": Case(
        "caminho_inseguro",
        "x/a.zip",
        lambda: zipped(("n" * 300 + ".csv", GOOD), ("b.csv", GOOD)),
        "304 bytes",
    ),
    "an archive in an archive": Case(
        "arquivo_aninhado", "x/a.zip", lambda: zipped(("b.zip", zipped(("a.csv", GOOD)))), "b.zip"
    ),
    "a gzip in a gzip": Case(
        "arquivo_aninhado", "x/a.gz", lambda: gzip.compress(gzip.compress(GOOD.encode())), "within an archive"
    ),
    "more files than a thousand": Case(
        "arquivo_grande_demais", "x/a.zip", lambda: zipped(*((f"{n}.csv", "a") for n in range(1001))), "1000"
    ),
    "a name of no table": Case("arquivo_sem_destino", "y/a.csv", GOOD, "x/*.* or j/*.* or p/*.*"),
    "a folder too deep": Case("arquivo_sem_destino", "x/2024/a.csv", GOOD, "Send it as x/*.*."),
    "a sheet cut off": Case(
        "planilha_ilegivel", "x/a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "cannot be read"
    ),
    "a new sheet without its list of files": Case(
        "planilha_ilegivel", "x/a.xlsx", lambda: sheet([[*COLUMNS]])[:-30], "the spreadsheet is damaged"
    ),
    "damage in a Parquet file that its footer does not show": Case(
        "parquet_ilegivel", "p/a.parquet", b"\xff", "complete Parquet"
    ),
    "the same in one for text": Case("parquet_ilegivel", "x/a.parquet", b"\xff", "complete Parquet"),
    "two sheets that fit": Case(
        "planilha_ambigua", "x/a.xlsx", lambda: sheet([[*COLUMNS]], [["x"]], [[*COLUMNS]]), "sheets 1, 3"
    ),
    "half a Parquet file": Case("parquet_ilegivel", "p/a.parquet", b"PAR1" + bytes(40), "complete Parquet"),
    "half a Parquet file for text": Case("parquet_ilegivel", "x/a.parquet", b"PAR1xx", "complete Parquet"),
    # 18 bytes of header, then 1 , NUL.
    "a NUL": Case(
        "byte_nulo", "x/a.csv", HEADER + "1,\0,Ana,1\n", "line 2: the character NUL, first at byte 20"
    ),
    "UTF-16 with an odd end": Case(
        "codificacao_invalida", "x/a.csv", GOOD.encode("utf-16")[:-1], "line 3: byte 0x0A is not utf-16"
    ),
    "no byte of any encoding": Case(
        "codificacao_invalida", "x/a.csv", GOOD.encode() + b"3,2024-01-03,\x81\xe7,1\n", "line 4: byte 0x81"
    ),
    "cp850": Case(
        "codificacao_invalida",
        "x/a.csv",
        (HEADER + "1,2024-01-01,João Simão,1\n").encode("cp850"),
        "line 2: byte 0xC6 is not utf-8 and looks like cp850",
    ),
    "two encodings": Case(
        "codificacao_misturada",
        "x/a.csv",
        (HEADER + "1,2024-01-01,João,1\n").encode() + "2,2024-01-01,Simão,1\n".encode("cp1252"),
        # The header has 18 bytes and the second line 21, of which 15 are before the letter; the third has 16 before it.
        "byte 33 begins a letter in utf-8, but byte 55 is cp1252",
    ),
    "a line of 3 MB": Case(
        "linha_longa",
        "x/a.csv",
        f"{GOOD}3,2024-01-03,{'x' * 3_000_000},1\n",
        "line 4: the line is longer than 2 MB",
    ),
    "no column of the table": Case(
        "coluna_ausente", "x/a.csv", "\n1,2024-01-01,Ana,1\n", "line 2: required column id, dia, nome, valor"
    ),
    "one column too few in Parquet": Case(
        "coluna_ausente", "p/a.parquet", b"", "required column nome is missing; the file has id, dia, valor"
    ),
    "a column twice": Case(
        "coluna_repetida", "x/a.csv", HEADER.replace("\n", ",Nome\n"), "line 1: column nome appears twice"
    ),
    "CSV for JSON": Case("json_ilegivel", "j/a.json", "id,notas\n1,{}\n", "line 1: the file does not begin"),
    "a quote that opens the header": Case(
        "aspas_abertas", "x/a.csv", 'id,dia,"nome,valor\n', "line 1: a quote in the header is not closed"
    ),
    "a quote that never closes": Case(
        "aspas_abertas",
        "x/a.csv",
        f'{GOOD}3,2024-01-03,"Caio,1.00\n4,2024-01-04,Davi,1.00\n',
        "line 4: a quote",
    ),
    "a quote that swallows rows": Case(
        "aspas_abertas",
        "x/a.csv",
        f'{HEADER}1,2024-01-01,"Ana,1.00\n2,2024-01-02,Bia,1.00\n3,2024-01-03,"Caio",1.00\n',
        "line 2: a quote is opened and never closed",
    ),
    "two rows that fit as one": Case(
        "aspas_abertas",
        "x/a.csv",
        f'{GOOD}3,2024-01-03,"Caio,1.00\n4,2024-01-04,Davi",2.00\n',
        "line 4: a quoted cell goes on to line 5, which is a row of its own",
    ),
    "a quote in a cell": Case(
        "aspas_soltas",
        "x/a.csv",
        f'{GOOD}3,2024-01-03,TV 32" LG,1\n',
        "line 4, column 3: a quote inside a cell",
    ),
    "two quotes in two cells": Case(
        "aspas_soltas", "x/a.csv", f'{GOOD}3,2024-01-03,5" a,6" b\n', "line 4, column 3"
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_is_refused_for_its_reason_and_kept(house: House, tmp_path: Path, what: str) -> None:
    case = REFUSED[what]
    content = case.content() if callable(case.content) else case.content
    content = content.encode() if isinstance(content, str) else content
    if what == "one column too few in Parquet":
        content = parquet("select 'a' as id, date '2024-01-01' as dia, 1 as valor", tmp_path)
    if content == b"\xff":
        whole = parquet("select '1' as id, date '2024-01-01' as dia, 'Ana' as nome, 1 as valor", tmp_path)
        content = whole[:4] + b"\xff" * 40 + whole[44:]
    outcome = house.send(case.name, content)
    assert (outcome.status, outcome.code, outcome.rows) == ("recusado", case.code, None)
    assert case.says in outcome.message
    name = Path(case.name).name
    assert house.story(outcome.id_lote) == ["recebido", "em_validacao", "recusado"]
    assert (house.kept(outcome.id_lote), house.published()) == ({name: content}, {})
    # A person finds the file and its reason side by side, and nothing is left in the inbox.
    assert (house.quarantine / outcome.id_lote / name).read_bytes() == content
    assert case.code in (house.quarantine / outcome.id_lote / "motivo.json").read_text(encoding="utf-8")
    assert not [path for path in house.inbox.rglob("*.*") if path.is_file() and path.name[0] != "."]


def test_a_refused_file_does_not_hold_up_the_others(house: House) -> None:
    house.put("x/a.csv", b"")
    house.put("x/b.csv", GOOD)
    assert [(outcome.name, outcome.status) for outcome in house.receive()] == [
        ("x/a.csv", "recusado"),
        ("x/b.csv", "aceito"),
    ]


def test_what_nobody_foresaw_is_refused_and_not_raised(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RecursionError("personal data")

    monkeypatch.setattr(judging, "_read", fail)
    outcome = house.send("x/a.csv", GOOD)
    assert (outcome.status, outcome.code) == ("recusado", "arquivo_ilegivel")
    assert "RecursionError" in outcome.message
    assert "personal" not in outcome.message


# Codes whose files are elsewhere: those of totals and of records in test_totals, of formats in cobranca/test_formats, the duplicate in test_versions, and
# the one that no known file has above.
ELSEWHERE = {
    "total_divergente",
    "registro_invalido",
    "trailer_ausente",
    "rodape_inesperado",
    "controle_ilegivel",
    "arquivo_duplicado",
    "arquivo_ilegivel",
}


def codes_in_the_code() -> set[str]:
    """Return the literal code of every refusal in the code: the first argument, or the second, or by its name."""
    found = set()
    for path in [
        *(PROJECT / "scripts/lastro/receive").glob("*.py"),
        *(PROJECT / "scripts/lastro/landing").glob("*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                at = {"Refused": 0, "UnreadableFile": 1}.get(node.func.id)
                if at is not None and isinstance(node.args[at], ast.Constant):
                    found.add(node.args[at].value)
                elif at is not None:
                    # A refusal that is passed on has the code that it had.
                    assert ast.unparse(node.args[at]) == "error.code", (path, node.lineno)
    return found


def test_every_reason_has_a_file() -> None:
    assert codes_in_the_code() == {case.code for case in REFUSED.values()} | ELSEWHERE


# --- Quotes that are right ---

RIGHT = {
    "a line end in a cell": ('1,2024-01-01,"Rua A\nBairro B",1.00\n', ["Rua A\nBairro B"]),
    "as many commas in the next line as a row has": (
        '1,2024-01-01,"Rua A, 10\nBairro B, Cidade, UF",1.00\n',
        ["Rua A, 10\nBairro B, Cidade, UF"],
    ),
    "a line of only commas in a cell": ('1,2024-01-01,"a\n,,,\nb",1.00\n', ["a\n,,,\nb"]),
    "a doubled quote": ('1,2024-01-01,"TV 32"" LG",1.00\n', ['TV 32" LG']),
    "three lines, and a row after them": (
        '1,2024-01-01,"a\nb\nc",1.00\n2,2024-01-02,Bia,2.00\n',
        ["a\nb\nc", "Bia"],
    ),
    "coordinates": ("1,2024-01-01,37°36'37.8\"N 121°2'17.9\"W,1.00\n", ["37°36'37.8\"N 121°2'17.9\"W"]),
    "an empty quoted cell": ('1,2024-01-01,"",1.00\n', [""]),
}


@pytest.mark.parametrize("what", RIGHT)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_quotes_that_are_right_are_accepted(house: House, what: str, end: str) -> None:
    text, names = RIGHT[what]
    outcome = house.send("x/a.csv", (HEADER + text).replace("\n", end))
    assert [(row.problem, row.cells[2]) for row in house.rows(outcome)] == [(None, name) for name in names]


def test_a_pound_sign_does_not_make_a_file_cp850(house: House) -> None:
    """0xA3 is the pound in Windows-1252 and an accented u in cp850."""
    content = (HEADER + "1,2024-01-01,£ 500 or more,1\n").encode("cp1252")
    outcome = house.send("x/a.csv", content)
    assert house.said(outcome.id_lote)["codificacao"] == "cp1252"
    assert house.rows(outcome)[0].cells[2] == "£ 500 or more"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize("rows", [0, 1, 12, 500])
def test_a_short_table_of_dates_and_figures_in_utf_16(house: House, rows: int, encoding: str) -> None:
    text = HEADER + "".join(f"{n},2024-01-02,Ana,{n}.50\n" for n in range(rows))
    outcome = house.send("x/a.csv", text.encode(encoding))
    assert (outcome.status, outcome.rows) == ("aceito", rows)
    assert house.said(outcome.id_lote)["codificacao"] == encoding


@pytest.mark.parametrize(
    "ending", ["csv.gz", "gz", "csv.zst", "zip", "parquet", "xlsx", "xls", "json", "csv.bz2"]
)
def test_text_is_text_whatever_its_name_says(house: House, ending: str) -> None:
    """A plain file that is called .gz must not be an outage at every pass."""
    outcome = house.send(f"x/a.{ending}", GOOD)
    assert (outcome.status, outcome.rows) == ("aceito", 2)


# --- One table in many forms ---

PAYMENTS = [
    ["0001", "F-01", "João da Conceição", date(2024, 1, 5), Decimal("1234.50")],
    ["0002", "F-02", "Æther; Ltda.", date(2024, 1, 31), Decimal("10.00")],
    ["0003", "F-03", 'Loja "Sol", 2º andar', date(2024, 2, 29), Decimal("0.05")],
    ["0004", "F-04", "Linha um\nLinha dois", date(2023, 12, 1), Decimal("-1234567.89")],
    ["0005", "", "€uro – travessão", date(2024, 1, 1), Decimal("100.00")],
]
NAMES = ["id_pagamento", "id_fatura", "id_cliente", "data_pagamento", "valor_pagamento"]


def plain(delimiter: str = ",", comma: bool = False, brazilian: bool = False) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(NAMES)
    for *texts, day, amount in PAYMENTS:
        written = (
            f"{amount:,.2f}".replace(",", "X").replace(".", ",").replace("X", ".") if comma else str(amount)
        )
        writer.writerow([*texts, day.strftime("%d/%m/%Y") if brazilian else day.isoformat(), written])
    return out.getvalue()


def by_pandas() -> bytes:
    out = io.BytesIO()
    frame = pandas.DataFrame(PAYMENTS, columns=NAMES)
    frame["data_pagamento"] = pandas.to_datetime(frame["data_pagamento"])
    frame["valor_pagamento"] = frame["valor_pagamento"].astype(float)
    frame.to_excel(out, index=False)
    return out.getvalue()


def by_openpyxl() -> bytes:
    out = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(NAMES)
    for row in PAYMENTS:
        book.active.append(row)
    # An empty sheet and a hidden one are beside it, as in many real files.
    book.create_sheet("empty")
    hidden = book.create_sheet("hidden")
    hidden.append(NAMES)
    hidden.sheet_state = "hidden"
    book.save(out)
    return out.getvalue()


def by_xlsxwriter() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    page = book.add_worksheet("Pagamentos")
    day_format = book.add_format({"num_format": "dd/mm/yyyy"})
    # The table does not begin in the first row, and text stays text.
    page.write_row(2, 0, NAMES)
    for at, (*texts, day, amount) in enumerate(PAYMENTS, start=3):
        for column, text in enumerate(texts):
            page.write_string(at, column, text)
        page.write_datetime(at, 3, day, day_format)
        page.write_number(at, 4, float(amount))
    book.close()
    return out.getvalue()


def by_duckdb(folder: Path) -> bytes:
    (folder / "plain.csv").write_bytes(plain().encode())
    types = "{'data_pagamento': 'date', 'valor_pagamento': 'decimal(18, 2)'}"
    return parquet(
        f"select * from read_csv('{folder / 'plain.csv'}', all_varchar = false, types = {types}, header = true,"
        " auto_type_candidates = ['varchar'])",
        folder,
    )


FORMS: dict[str, tuple[str, Callable[[Path], bytes]]] = {
    "csv": ("csv", lambda folder: plain().encode()),
    "csv with a byte order mark": ("csv", lambda folder: plain().encode("utf-8-sig")),
    "LibreOffice in Brazil": ("csv", lambda folder: plain(";", comma=True, brazilian=True).encode("cp1252")),
    "UTF-16 with tabs": ("txt", lambda folder: plain("\t").encode("utf-16")),
    "UTF-16 without a mark": ("txt", lambda folder: plain("\t").encode("utf-16-le")),
    "UTF-16 big-endian without a mark": ("txt", lambda folder: plain("\t").encode("utf-16-be")),
    "pipes": ("txt", lambda folder: plain("|").encode()),
    "gzip": ("csv.gz", lambda folder: gzip.compress(plain().encode())),
    "two streams of gzip": (
        "csv.gz",
        lambda folder: gzip.compress(plain().encode()[:99]) + gzip.compress(plain().encode()[99:]),
    ),
    "zip of one": ("zip", lambda folder: zipped(("whatever.csv", plain()))),
    "zip of one without compression": (
        "zip",
        lambda folder: zipped(("tb_pagamentos_202401.csv", plain()), level=zipfile.ZIP_STORED),
    ),
    "zip from a Mac": (
        "zip",
        lambda folder: zipped(("a/", ""), ("__MACOSX/._a.csv", b"\0\5\x16\7"), ("a/a.csv", plain())),
    ),
    "pandas": ("xlsx", lambda folder: by_pandas()),
    "openpyxl": ("xlsx", lambda folder: by_openpyxl()),
    "xlsxwriter": ("xlsx", lambda folder: by_xlsxwriter()),
    "a sheet in a zip": ("zip", lambda folder: zipped(("p.xlsx", by_openpyxl()))),
    "Parquet": ("parquet", by_duckdb),
}


def as_value(cell: str) -> Decimal:
    """Return an amount as a person reads it: of a dot and a comma the last one is before the cents."""
    if "," in cell:
        cell = cell.replace(".", "").replace(",", ".")
    return Decimal(cell)


def as_day(cell: str) -> date:
    if "/" in cell:
        day, month, year = cell.split("/")
        return date(int(year), int(month), int(day))
    return date.fromisoformat(cell[:10])


@pytest.mark.parametrize("form", FORMS)
def test_the_same_table_gives_the_same_rows_in_every_form(tmp_path: Path, form: str) -> None:
    ending, write = FORMS[form]
    table: RawTable = project_table("tb_pagamentos")
    house = House(tmp_path, table)
    content = write(tmp_path)
    outcome = house.send(f"cartoes/tb_pagamentos_202401.{ending}", content)
    assert (outcome.status, outcome.rows) == ("aceito", 5), outcome
    assert house.kept(outcome.id_lote) == {f"tb_pagamentos_202401.{ending}": content}
    assert list(house.published()) == ["cartoes/tb_pagamentos/tb_pagamentos_202401.csv"]
    found = house.rows(outcome)
    assert [row.problem for row in found] == [None] * 5
    assert [[*row.cells[:3], as_day(row.cells[3]), as_value(row.cells[4])] for row in found] == [
        [*texts, day, amount] for *texts, day, amount in PAYMENTS
    ]


@pytest.mark.parametrize("ending", ["csv", "CSV", "Txt", "csv.gz"])
def test_the_name_may_have_any_case_and_ending(tmp_path: Path, ending: str) -> None:
    house = House(tmp_path, project_table("tb_pagamentos"))
    content = gzip.compress(plain().encode()) if ending.endswith("gz") else plain().encode()
    outcome = house.send(f"Cartoes/TB_PAGAMENTOS_202401.{ending}", content)
    assert list(house.published()) == ["cartoes/tb_pagamentos/tb_pagamentos_202401.csv"]
    assert house.events(outcome.id_lote)[0]["dados"]["arquivo"] == f"Cartoes/TB_PAGAMENTOS_202401.{ending}"


def test_what_a_sheet_may_have_lost_is_said(house: House) -> None:
    """A column of text with numbers of several lengths may have lost zeros; 16 digits are more than a sheet keeps."""
    rows = [[*COLUMNS], [7, "2024-01-01", "Ana", 1.5], [12345678901234567, "2024-01-01", "Bia", 0.1 + 0.2]]
    outcome = house.send("x/a.xlsx", sheet(rows))
    assert outcome.code == "zeros_a_esquerda:id,digitos_perdidos:id"
    # The amount is what the sheet shows, not the nearest binary fraction.
    assert [row.cells[3] for row in house.rows(outcome)] == ["1.5", "0.3"]


def test_a_cell_right_of_the_header_makes_the_row_too_wide(house: House) -> None:
    outcome = house.send("x/a.xlsx", sheet([[*COLUMNS], ["1", "2024-01-01", "Ana", 1, "", "note"]]))
    assert [row.problem for row in house.rows(outcome)] == ["row:wrong_number_of_columns"]


def test_a_large_file_shows_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lastro.receive.judge._LARGE", 1000)
    house = House(tmp_path, project_table("tb_faturas"))
    header = "id_fatura,id_cliente,data_emissao,data_vencimento,valor_fatura\n"
    rows = "".join(f"F{at},C1,2024-01-01,2024-02-01,{at}.00\n" for at in range(200_000))
    house.put("cartoes/tb_faturas_202401.csv", header + rows)
    house.put("cartoes/tb_faturas_202402.csv", header)
    seen: list[tuple[str, float]] = []
    house.gate.run(house.gate.waiting(0), reading=lambda name, percent: seen.append((name, percent)))
    assert {name for name, _ in seen} == {"cartoes/tb_faturas_202401.csv"}
    percents = [percent for _, percent in seen]
    assert percents == sorted(percents) and percents[0] > 0 and percents[-1] <= 100
