"""Rejected lines go back in their sender's layout, come back corrected, and are recognised."""

from __future__ import annotations

import csv
import datetime
import io
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from clients import (
    DEBTS,
    DIVIDAS,
    HEADER,
    LENGTH,
    NAMES,
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
from lastro.cli import app
from lastro.export.rejects import export_rejects
from lastro.receive.gate import Outcome
from lastro.receive.layout import escaped, unescaped
from lastro.receive.manage import _raw_line
from recebimento.throwaway import House
from typer.testing import CliRunner

WRONG = "data_vencimento: A célula não é uma data do calendário. Reenvie; assim não dá."
NAMED = list(HEADER.values())


class Desk:
    """A gate with one format of acme, a build that rejects some lines, and the folder of what goes back."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.database, self.out = folder, folder / "lastro.duckdb", folder / "out"
        monkeypatch.setenv("LASTRO_FORMATS", str(folder))

    def open(self, formats: list) -> House:
        self.house = house_of(self.folder, formats)
        return self.house

    def reject(self, outcome: Outcome, *lines: int, message: str = WRONG) -> Path:
        """Write a build that rejects these lines of a batch, and return the file that goes back."""
        assert outcome.status == "aceito", outcome
        self.database.unlink(missing_ok=True)
        with duckdb.connect(str(self.database)) as con:
            con.execute("create schema lastro_cobranca")
            con.execute(
                "create table lastro_cobranca.dividas_rejeitadas"
                " (id_lote varchar, id_cliente_credor varchar, linha_original bigint, motivos varchar, mensagens varchar)"
            )
            for line in lines:
                con.execute(
                    "insert into lastro_cobranca.dividas_rejeitadas values (?, 'acme', ?, 'x:y', ?)",
                    [outcome.id_lote, line, message],
                )
        path, rows = self.export(outcome.id_lote)
        assert rows == len(lines)
        assert path.name.startswith(f"rejeitadas_{outcome.id_lote}.")
        return path

    def export(self, id_lote: str) -> tuple[Path, int]:
        house = self.house
        return export_rejects(self.database, str(house.raw), str(house.received), id_lote, self.out)

    def landed(self, outcome: Outcome) -> list[list[str]]:
        return [[cell or "" for cell in row.cells] for row in self.house.rows(outcome)]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


# --- Escapes ---

ESCAPES = [
    ("=1+1", "'=1+1"),
    ("+55", "'+55"),
    ("-5", "'-5"),
    ("@x", "'@x"),
    ("\tx", "'\tx"),
    ("\rx", "'\rx"),
    ("'=1", "''=1"),
    ("''-1", "'''-1"),
    ("'Ana", "'Ana"),
    ("1-1", "1-1"),
    ("", ""),
]


@pytest.mark.parametrize(("cell", "expected"), ESCAPES)
def test_what_a_spreadsheet_would_run_is_escaped(cell: str, expected: str) -> None:
    assert escaped(cell) == expected
    assert unescaped(expected) == cell


@many
@given(st.text(st.one_of(st.sampled_from("'=+-@\t\r\n"), st.characters())))
def test_an_escape_is_undone_for_any_text(cell: str) -> None:
    assert unescaped(escaped(cell)) == cell
    assert not escaped(cell).startswith(("=", "+", "-", "@", "\t", "\r"))


# --- Each container goes and comes back ---


def test_a_delimited_file_goes_back_in_its_layout_and_is_recognised(desk: Desk) -> None:
    formats = write_formats(
        desk.folder,
        conteiner="delimitado",
        codificacao="cp1252",
        delimitador=";",
        inicio="3",
        fim="Total",
        trailer_linhas="2",
        arquivos="carteira*.csv",
    )
    house = desk.open(formats)
    rows = [NAMED, *(cells_of(debt) for debt in DEBTS), ["Total", "3"]]
    rows[2][1], rows[3][1], rows[3][5] = "=cmd|' /C calc'!A0", 'B. "Z"; Cruz', "31/31/2020"
    text = "Carteira de João;;\r\n\r\n" + as_delimited(rows)
    first = house.send("cobranca/acme/carteira.csv", text.encode("cp1252"))
    path = desk.reject(first, 5, 6)
    assert path.suffix == ".csv"
    assert path.read_bytes().decode("cp1252") == (
        "Carteira de João;;\r\n"
        "\r\n"
        "Contrato;Cliente;CPF/CNPJ;E-mail;Saldo Devedor;Vencimento;linha_original;motivo\r\n"
        f"C-2;'=cmd|' /C calc'!A0;11144477735;;0,05;01/12/2023;5;\"{WRONG}\"\r\n"
        f'C-3;"B. ""Z""; Cruz";11222333000181;b@y.com.br;9.999.999,99;31/31/2020;6;"{WRONG}"\r\n'
    )
    # It matches no pattern of names, has no total, and is in the layout all the same.
    corrected = path.read_bytes().replace(b"31/31/2020", b"29/02/2020")
    again = house.send(f"cobranca/acme/{path.name}", corrected)
    assert desk.landed(again) == [
        ["acme", "C-2", "=cmd|' /C calc'!A0", "11144477735", "", "0.05", "2023-12-01", "4", "", ""],
        [
            *["acme", "C-3", 'B. "Z"; Cruz', "11222333000181", "b@y.com.br", "9999999.99"],
            *["2020-02-29", "5", "", ""],
        ],
    ]
    said = house.said(again.id_lote)
    assert (said["corrige"], said["versao_formato"]) == (first.id_lote, "1")
    assert "avisos" not in said
    # What comes back may be rejected again, and looks as before.
    second = desk.reject(again, 4)
    assert second.read_bytes().decode("cp1252").splitlines()[2:] == [
        "Contrato;Cliente;CPF/CNPJ;E-mail;Saldo Devedor;Vencimento;linha_original;motivo",
        f"C-2;'=cmd|' /C calc'!A0;11144477735;;0,05;01/12/2023;4;\"{WRONG}\"",
    ]
    assert house.said(house.send(f"cobranca/acme/{second.name}", second.read_bytes()).id_lote)["corrige"] == (
        again.id_lote
    )


def test_a_file_without_a_header_goes_back_without_one(desk: Desk) -> None:
    origins = {name: str(at) for at, name in enumerate(HEADER, start=1)}
    formats = write_formats(
        desk.folder, named_columns(origins=origins), conteiner="delimitado", inicio="0", delimitador="|"
    )
    house = desk.open(formats)
    first = house.send("cobranca/acme/c.txt", as_delimited([cells_of(debt) for debt in DEBTS], "|", "\n"))
    path = desk.reject(first, 3, message="-Faltou, -.")
    assert path.read_text() == (
        "C-3|B. Cruz|11222333000181|b@y.com.br|9.999.999,99|29/02/2020|3|'-Faltou, -.\n"
    )
    again = house.send(f"cobranca/acme/{path.name}", path.read_bytes())
    assert (desk.landed(again), house.said(again.id_lote)["corrige"]) == (
        [DEBTS[2].standard(1)],
        first.id_lote,
    )


def test_a_line_that_cannot_be_cut_goes_back_whole(desk: Desk) -> None:
    house = desk.open(write_formats(desk.folder, conteiner="delimitado", delimitador=";"))
    text = as_delimited([NAMED, cells_of(DEBTS[0])], ";", "\n") + "=C-9;Ana, 12\n"
    path = desk.reject(house.send("cobranca/acme/c.csv", text), 3, message="Complete.")
    [header, row] = csv.reader(io.StringIO(path.read_text()), delimiter=";")
    assert header == [*NAMED, "linha_original", "motivo"]
    assert row == ["'=C-9;Ana, 12", "", "", "", "", "", "3", "Complete."]


def test_bytes_and_line_ends_are_those_of_the_sender(desk: Desk) -> None:
    house = desk.open(write_formats(desk.folder, conteiner="delimitado"))
    for at, (encoding, start) in enumerate(
        [("utf-8-sig", b"\xef\xbb\xbfContrato"), ("utf-16", b"\xff\xfeC\0")]
    ):
        text = as_delimited([NAMED, cells_of(DEBTS[1])] + [NAMED] * at, ",", "\n").encode(encoding)
        path = desk.reject(house.send(f"cobranca/acme/{encoding}.csv", text), 2, message="x")
        assert path.read_bytes().startswith(start)
        assert path.read_bytes().decode(encoding).endswith('C-2,João Sá,11144477735,,"0,05",01/12/2023,2,x\n')
    ascii_formats = write_formats(desk.folder, conteiner="delimitado", codificacao="ascii", versao="2")
    house.gate.formats = ascii_formats
    text = as_delimited([NAMED, cells_of(DEBTS[0])], ";", "\n")
    path = desk.reject(house.send("cobranca/acme/a.csv", text), 2, message="Não é válida.")
    assert path.read_text("ascii").endswith(";2;Nao e valida.\n")


def test_a_sheet_goes_back_with_its_types_and_without_formulas(desk: Desk) -> None:
    house = desk.open(write_formats(desk.folder, conteiner="planilha", inicio="2", fim="Total"))
    typed = [[*cells_of(debt)[:4], float(debt.valor), debt.vencimento] for debt in DEBTS]
    typed[1][1], typed[2][2] = "=HYPERLINK(1)", 11222333000181.0
    content = as_sheet([["Carteira"], NAMED, *typed, ["Total"]])
    path = desk.reject(house.send("cobranca/acme/c.xlsx", content), 4, 5, message="=Faltou")
    page = openpyxl.load_workbook(path).active
    found = [[cell.value for cell in row] for row in page.iter_rows()]
    assert found == [
        ["Carteira", *[None] * 7],
        [*NAMED, "linha_original", "motivo"],
        [
            *["C-2", "=HYPERLINK(1)", "11144477735", None, 0.05],
            *[datetime.datetime(2023, 12, 1), 4, "=Faltou"],
        ],
        [
            *["C-3", "B. Cruz", 11222333000181, "b@y.com.br", 9999999.99],
            *[datetime.datetime(2020, 2, 29), 5, "=Faltou"],
        ],
    ]
    assert {cell.data_type for row in page.iter_rows() for cell in row} <= {"s", "n", "d"}
    again = house.send(f"cobranca/acme/{path.name}", path.read_bytes())
    assert [row[1:8] for row in desk.landed(again)] == [
        ["C-2", "=HYPERLINK(1)", "11144477735", "", "0.05", "2023-12-01", "3"],
        ["C-3", "B. Cruz", "11222333000181", "b@y.com.br", "9999999.99", "2020-02-29", "4"],
    ]
    assert "corrige" in house.said(again.id_lote)


def test_records_go_back_with_new_totals(desk: Desk) -> None:
    house = desk.open(fixed_formats(desk.folder))
    content = as_records([record(debt) for debt in DEBTS], 3, Decimal("10001234.54"))
    first = house.send("cobranca/acme/c.rem", content)
    path = desk.reject(first, 2, 3, message="Não vale.")
    assert path.suffix == ".rem"
    assert path.read_bytes().decode("cp1252") == (
        f"{'0ACME':<{LENGTH}} linha_original motivo\r\n"
        f"{record(DEBTS[0])}              2 Não vale.\r\n"
        f"{record(DEBTS[1])}              3 Não vale.\r\n"
        # 1 234.50 + 0.05
        f"{'9' + '000002' + '0000000123455':<{LENGTH}}\r\n"
    )
    whole = path.read_bytes()
    again = house.send(f"cobranca/acme/{path.name}", whole)
    assert desk.landed(again) == [debt.standard(line) for line, debt in enumerate(DEBTS[:2], start=2)]
    assert house.said(again.id_lote)["corrige"] == first.id_lote
    # Who took a record out need not count anew, nor keep the trailer.
    lines = whole.split(b"\r\n")
    for at, fewer in enumerate(([*lines[:2], lines[3]], lines[:2])):
        outcome = house.send(f"cobranca/acme/corrigida{at}.rem", b"\r\n".join(fewer) + b"\r\n")
        assert outcome.code in (None, "arquivo_duplicado")
        assert (outcome.status, outcome.rows) in (("aceito", 1), ("duplicado", None))


@pytest.mark.parametrize("is_array", [True, False])
def test_objects_go_back_with_two_more_keys(desk: Desk, is_array: bool) -> None:
    house = desk.open(write_formats(desk.folder, conteiner="json"))
    text = as_json(DEBTS, is_array, True, "DD/MM/AAAA").replace("0.05", "0.050")
    first = house.send("cobranca/acme/c.json", text)
    path = desk.reject(first, 2, 3, message='Diz "não".')
    said = path.read_text()
    # As it came, to the last zero.
    assert '"Saldo Devedor": 0.050, "Vencimento": "01/12/2023", "linha_original": 2, "motivo": "Diz' in said
    objects = json.loads(said) if is_array else [json.loads(line) for line in said.splitlines()]
    assert [(each["Contrato"], each["linha_original"]) for each in objects] == [("C-2", 2), ("C-3", 3)]
    again = house.send(f"cobranca/acme/{path.name}", path.read_bytes())
    assert [row[1:8] for row in desk.landed(again)] == [
        ["C-2", "João Sá", "11144477735", "", "0.05", "2023-12-01", "1"],
        ["C-3", "B. Cruz", "11222333000181", "b@y.com.br", "9999999.99", "2020-02-29", "2"],
    ]
    assert house.said(again.id_lote)["corrige"] == first.id_lote


def test_the_standard_format_needs_no_agreement(desk: Desk) -> None:
    house = desk.open([])
    rows = [NAMES[:7], *(debt.standard(0)[:7] for debt in DEBTS)]
    first = house.send("cobranca/acme/c.csv", as_delimited(rows, ","))
    path = desk.reject(first, 3, message="-x")
    again = house.send(f"cobranca/acme/{path.name}", path.read_bytes())
    assert desk.landed(again) == [DEBTS[1].standard(2)]
    assert house.said(again.id_lote)["corrige"] == first.id_lote
    assert again.code is None
    sheet = house.send("cobranca/acme/c.xlsx", as_sheet(rows[:3]))
    path = desk.reject(sheet, 2)
    back = house.send(f"cobranca/acme/{path.name}", path.read_bytes())
    assert desk.landed(back) == [DEBTS[0].standard(2)]
    assert house.said(back.id_lote)["corrige"] == sheet.id_lote


# --- Whose file comes back ---


def test_only_a_batch_of_the_same_sender_that_was_there_is_corrected(desk: Desk) -> None:
    house = desk.open([])
    rows = [NAMES[:7], *(debt.standard(0)[:7] for debt in DEBTS)]
    first = house.send("cobranca/acme/c.csv", as_delimited(rows, ","))
    content = desk.reject(first, 2).read_text()
    for at, name in enumerate(
        [
            f"globex/rejeitadas_{first.id_lote}.csv",
            "acme/rejeitadas_acme-20240205-0099.csv",
            "acme/rejeitadas_acme-20249999-0001.csv",
            f"acme/minhas_{first.id_lote}.csv",
            f"me/rejeitadas_{first.id_lote}.csv",
        ]
    ):
        outcome = house.send(f"cobranca/{name}", content.replace("C-1", f"C-1{at}"))
        assert outcome.status == "aceito"
        assert "corrige" not in house.said(outcome.id_lote)
        # The two columns are dropped even so, and no warning is given of them.
        assert (outcome.code, desk.landed(outcome)[0][7]) == (None, "2")
    # A name alone corrects nothing.
    plain = house.send(f"cobranca/acme/rejeitadas_{first.id_lote}.csv", as_delimited(rows[:2], ","))
    assert "corrige" not in house.said(plain.id_lote)


def test_a_file_in_the_agreed_layout_corrects_nothing_by_its_name(desk: Desk) -> None:
    house = desk.open(write_formats(desk.folder, conteiner="delimitado"))
    first = house.send("cobranca/acme/c.csv", as_delimited([NAMED, cells_of(DEBTS[0])]))
    name = f"cobranca/acme/rejeitadas_{first.id_lote}.csv"
    plain = house.send(name, as_delimited([NAMED, cells_of(DEBTS[1])]))
    assert (plain.rows, house.said(plain.id_lote)["versao_formato"]) == (1, "1")
    assert "corrige" not in house.said(plain.id_lote)


def test_a_number_is_told_from_a_longer_one(desk: Desk) -> None:
    house = desk.open([])
    rows = [[*NAMES[:7], "linha_original", "motivo"], [*DEBTS[0].standard(0)[:7], "2", "x"]]
    first = house.send("cobranca/acme/a.csv", as_delimited(rows[:1], ","))
    name = f"cobranca/acme/rejeitadas_{first.id_lote}1.csv"
    assert "corrige" not in house.said(house.send(name, as_delimited(rows, ",")).id_lote)


# --- Errors ---


def test_what_cannot_go_back_says_why(desk: Desk) -> None:
    house = desk.open(write_formats(desk.folder, conteiner="delimitado"))
    first = house.send("cobranca/acme/c.csv", as_delimited([NAMED, cells_of(DEBTS[0])]))
    with pytest.raises(FileNotFoundError, match="Run `make build` first"):
        desk.export(first.id_lote)
    duckdb.connect(str(desk.database)).close()
    with pytest.raises(RuntimeError, match="Run `dbt build`"):
        desk.export(first.id_lote)
    desk.reject(first, 2)
    refused = house.send("cobranca/acme/r.csv", "a;b\n")
    for id_lote, says in {
        "acme-20240205-0099": "there is no batch",
        "nonsense": "is not the id of a batch",
        refused.id_lote: "is no accepted batch of cobranca.dividas",
    }.items():
        with pytest.raises(ValueError, match=says):
            desk.export(id_lote)
    other = house.send("cobranca/acme/d.csv", as_delimited([NAMED, cells_of(DEBTS[1])]))
    with pytest.raises(ValueError, match="no rejected lines"):
        desk.export(other.id_lote)
    with pytest.raises(RuntimeError, match=r"1 rejected lines of .* are not in its file"):
        desk.reject(other, 7)
    assert not list(desk.out.glob(f"*{other.id_lote}*"))
    (desk.folder / "formatos.csv").write_text(
        (desk.folder / "formatos.csv").read_text().replace(",1,*", ",2,*")
    )
    cells = desk.folder / "formato_colunas.csv"
    cells.write_text(cells.read_text().replace("dividas,1,", "dividas,2,"))
    with pytest.raises(ValueError, match="version 1 of the format of acme is no longer declared"):
        desk.reject(first, 2)
    (house.received / first.id_lote / "c.csv").unlink()
    with pytest.raises(ValueError, match="no longer among the received files"):
        desk.export(first.id_lote)


def test_the_command(desk: Desk) -> None:
    house = desk.open(write_formats(desk.folder, conteiner="delimitado"))
    first = house.send("cobranca/acme/c.csv", as_delimited([NAMED, cells_of(DEBTS[0])]))
    path = desk.reject(first, 2)
    before = path.read_bytes()
    path.unlink()
    environment = {
        "LASTRO_DB": str(desk.database),
        "LASTRO_RAW": str(house.raw),
        "LASTRO_RECEIVED": str(house.received),
        "LASTRO_FORMATS": str(desk.folder),
        "LASTRO_TRACEBACK": "",
    }
    said = ["export", "rejects", "--batch", first.id_lote, "--to", str(desk.out)]
    result = CliRunner().invoke(app, said, env=environment)
    assert (result.exit_code, result.output.split()[:3]) == (0, ["1", "rows", "in"])
    assert path.read_bytes() == before
    result = CliRunner().invoke(app, [*said[:3], "acme-20240205-0099"], env=environment)
    assert result.exit_code == 1
    assert "there is no batch" in result.output


# --- Which line of the raw file it is ---


def test_a_received_line_is_found_in_the_raw_file(desk: Desk) -> None:
    house = desk.open(write_formats(desk.folder, conteiner="delimitado", ignorar="#"))
    rows = [NAMED, cells_of(DEBTS[0]), ["# x"], cells_of(DEBTS[1]), cells_of(DEBTS[2])]
    rows[1][1] = "Ana\nMaria"
    said = house.said(house.send("cobranca/acme/c.csv", as_delimited(rows)).id_lote)
    # The first debt has two lines in both; the second is the fifth that came, and the fourth of the raw file.
    assert [_raw_line(str(house.raw), said, line) for line in (2, 5, 6, 4)] == [2, 4, 5, 0]
    plain = house_of(desk.folder / "plain", [])
    rows = [NAMES[:7], *(debt.standard(0)[:7] for debt in DEBTS)]
    said = plain.said(plain.send("cobranca/acme/c.csv", as_delimited(rows, ",")).id_lote)
    assert _raw_line(str(plain.raw), said, 3) == 3


def test_columns_of_the_table_are_as_this_test_says() -> None:
    assert [column.name for column in DIVIDAS.columns] == NAMES
