"""Formats proposed from a file: the mapping of each file is written here by hand."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import openpyxl
import pytest
import validate_docbr
import yaml
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from lastro.cli import app
from lastro.contract import read_contract
from lastro.receive.formats import read_formats
from lastro.receive.refusal import Refused
from lastro.receive.suggest import proposal as seeds
from lastro.receive.suggest import suggest
from lastro.receive.suggest.check import masked_document, masked_text
from lastro.receive.suggest.match import assignment
from lastro.receive.suggest.values import is_document
from typer.testing import CliRunner, Result

LASTRO = str(Path(sys.executable).with_name("lastro"))
# The check digits of these are valid; the last one lost its zero in a spreadsheet (012.345.678-90 with it).
ANA, RUI, ONIX, ZERO = "529.982.247-25", "390.533.447-05", "11.222.333/0001-81", "1234567890"
SENDER = ("{client}", "X")


DIVIDAS = next(table for table in read_contract() if table.name == "dividas")


class Found:
    """A proposal as a reader of YAML finds it, and what stands in comments."""

    def __init__(self, text: str, remarks: list[str]) -> None:
        self.text, self.remarks = text, remarks
        self.yaml = yaml.load(text, yaml.BaseLoader)
        self.settings = {name: value for name, value in self.yaml.items() if name != "colunas" and value}

    @property
    def mapping(self) -> dict[str, tuple[str, str]]:
        """For each column its origin or constant, and its picture."""
        return {
            name: (fields.get("origem", fields.get("constante")), fields.get("formato", "X"))
            for name, fields in self.yaml["colunas"].items()
        }

    @property
    def confidence(self) -> dict[str, float]:
        found = re.findall(
            r"^  (\w+):\n    \w+:.*?  # (?:check this, )?([01]\.[0-9]{2}): ", self.text, re.MULTILINE
        )
        return {name: float(value) for name, value in found}

    @property
    def to_check(self) -> set[str]:
        return set(re.findall(r"^  (\w+):\n    \w+:.*?  # check this", self.text, re.MULTILINE))


Proposed = Callable[..., Found]


@pytest.fixture
def proposed(tmp_path: Path) -> Proposed:
    def propose(name: str, content: bytes | str, client: str = "acme", files: str | None = None) -> Found:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Found(*suggest(path, DIVIDAS, client, files))

    return propose


def sheet(*rows: list) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


STANDARD = f"""id_cliente_credor,id_divida,nome_devedor,documento_devedor,email_devedor,valor_divida,data_vencimento
acme,D1,Ana Lima,{ANA},ana@example.com,1234.56,2025-01-10
acme,D2,Rui Souza,{RUI},,99.90,2025-01-31
"""
BRAZILIAN = f"""Contrato;Cliente;CPF/CNPJ;E-mail;Cidade;Valor (R$);Vencimento
A-1;Maria José;{ANA};ana@example.com;São Paulo;1.234,56;10/01/2025
A-2;Ônix Comercial Ltda;{ONIX};;Belém;99,90;25/02/2025
""".encode("cp1252")
PIPES = f"""# emitido pelo sistema
Cód. contrato|Sacado|Inscrição|Contato|Vlr devido|Dt. venc.
7|Ana Lima|{ANA}|ana@example.com|1.000,00|10.01.2025
8|Rui Souza|{RUI}||10,50|25.01.2025
TOTAL|2|1.010,50
"""
JSON_LINES = f"""{{"contrato": 7, "nome": "Ana Lima", "cpf": "{ANA}", "valor": 10.50, "vencimento": "2025-01-10", "tags": []}}
{{"contrato": 8, "nome": "Rui Souza", "cpf": "{RUI}", "valor": 1000.00, "vencimento": "2025-01-31"}}
"""
HEADERLESS = (
    f"7\tAna Lima\t{ANA}\tana@example.com\t1.000,00\t10/01/2025\n8\tRui Souza\t{RUI}\t\t10,50\t25/01/2025\n"
)
ENGLISH = f"""contract id,debtor,tax id,mail,amount,due date
A-1,Ana Lima,{ANA},ana@example.com,1234.56,01/25/2025
A-2,Rui Souza,{RUI},,99.90,02/10/2025
"""
WORKBOOK = sheet(
    ["Relatório de títulos"],
    [],
    ["Nº do título", "Razão social", "CPF ou CNPJ", "Saldo devedor", "Vencimento"],
    ["T1", "Ana Lima", ANA, 10.5, datetime.date(2025, 1, 10)],
    ["T2", "Ônix Comercial", ONIX, 1000, datetime.date(2025, 1, 31)],
    ["TOTAL", None, None, 1010.5, None],
)
RETURN = "".join(
    line.ljust(80) + "\n"
    for line in (
        "0ACME",
        f"1D1          Ana Lima       52998224725000000000123456{'10012025'}",
        "1D2",
        "9000002",
    )
)


def test_the_standard_columns(proposed: Proposed) -> None:
    found = proposed("x.csv", STANDARD)
    assert found.settings == {
        "id_cliente": "acme",
        "source_name": "cobranca",
        "table_name": "dividas",
        "arquivos": "*.csv",
        "conteiner": "delimitado",
        "delimitador": ",",
    }
    assert found.mapping == {
        "id_cliente_credor": ("id_cliente_credor", "X"),
        "id_divida": ("id_divida", "X"),
        "nome_devedor": ("nome_devedor", "X"),
        "documento_devedor": ("documento_devedor", "X"),
        "email_devedor": ("email_devedor", "X"),
        "valor_divida": ("valor_divida", "9,999.99"),
        "data_vencimento": ("data_vencimento", "AAAA-MM-DD"),
    }
    assert min(found.confidence.values()) == 1 and found.to_check == set() and found.remarks == []


def test_semicolons_in_windows_1252(proposed: Proposed) -> None:
    found = proposed("x.csv", BRAZILIAN)
    assert found.settings["codificacao"] == "cp1252" and found.settings["delimitador"] == ";"
    assert "inicio" not in found.settings and "fim" not in found.settings
    assert found.mapping == {
        "id_cliente_credor": SENDER,
        "id_divida": ("Contrato", "X"),
        "nome_devedor": ("Cliente", "X"),
        "documento_devedor": ("CPF/CNPJ", "X"),
        "email_devedor": ("E-mail", "X"),
        "valor_divida": ("Valor (R$)", "9.999,99"),
        "data_vencimento": ("Vencimento", "DD/MM/AAAA"),
    }
    assert found.to_check == set()
    assert "# Ignored columns of the file: 'Cidade'" in found.text


def test_a_spreadsheet_with_a_title_and_a_total(proposed: Proposed) -> None:
    found = proposed("x.xlsx", WORKBOOK)
    assert {name: found.settings[name] for name in ("conteiner", "inicio", "fim", "trailer_valor")} == {
        "conteiner": "planilha",
        "inicio": "3",
        "fim": "TOTAL",
        "trailer_valor": "4",
    }
    assert "codificacao" not in found.settings
    assert found.mapping == {
        "id_cliente_credor": SENDER,
        "id_divida": ("Nº do título", "X"),
        "nome_devedor": ("Razão social", "X"),
        "documento_devedor": ("CPF ou CNPJ", "X"),
        "valor_divida": ("Saldo devedor", "X"),
        "data_vencimento": ("Vencimento", "X"),
    }
    assert "# Optional, and no column fits: email_devedor" in found.text


def test_other_words_between_bars(proposed: Proposed) -> None:
    found = proposed("x.txt", PIPES)
    settings = ("delimitador", "ignorar", "fim", "trailer_linhas", "trailer_valor", "trailer_valor_formato")
    assert [found.settings[name] for name in settings] == ["|", "#", "TOTAL", "2", "3", "9.999,99"]
    assert found.mapping == {
        "id_cliente_credor": SENDER,
        "id_divida": ("Cód. contrato", "X"),
        "nome_devedor": ("Sacado", "X"),
        "documento_devedor": ("Inscrição", "X"),
        "email_devedor": ("Contato", "X"),
        "valor_divida": ("Vlr devido", "9.999,99"),
        "data_vencimento": ("Dt. venc.", "DD.MM.AAAA"),
    }


@pytest.mark.parametrize("is_array", [False, True])
def test_json(proposed: Proposed, is_array: bool) -> None:
    text = f"[{','.join(JSON_LINES.splitlines())}]" if is_array else JSON_LINES
    found = proposed("x.jsonl", text)
    assert found.settings["conteiner"] == "json" and "delimitador" not in found.settings
    assert found.mapping == {
        "id_cliente_credor": SENDER,
        "id_divida": ("contrato", "X"),
        "nome_devedor": ("nome", "X"),
        "documento_devedor": ("cpf", "X"),
        "valor_divida": ("valor", "9,999.99"),
        "data_vencimento": ("vencimento", "AAAA-MM-DD"),
    }
    assert found.remarks == ["tags: what is inside an object or a list cannot be a column."]


def test_no_header(proposed: Proposed) -> None:
    found = proposed("x.tsv", HEADERLESS)
    assert found.settings["inicio"] == "0" and found.settings["delimitador"] == "\\t"
    assert found.mapping == {
        "id_cliente_credor": SENDER,
        "id_divida": ("1", "X"),
        "nome_devedor": ("2", "X"),
        "documento_devedor": ("3", "X"),
        "email_devedor": ("4", "X"),
        "valor_divida": ("5", "9.999,99"),
        "data_vencimento": ("6", "DD/MM/AAAA"),
    }
    assert found.to_check == {"id_divida", "nome_devedor"}, "their values say little"


ENGLISH_MAPPING = {
    "id_cliente_credor": SENDER,
    "id_divida": ("contract id", "X"),
    "nome_devedor": ("debtor", "X"),
    "documento_devedor": ("tax id", "X"),
    "email_devedor": ("mail", "X"),
    "valor_divida": ("amount", "9,999.99"),
    "data_vencimento": ("due date", "MM/DD/AAAA"),
}


def test_english_words_are_known(proposed: Proposed) -> None:
    found = proposed("x.csv", ENGLISH)
    assert found.mapping == ENGLISH_MAPPING
    assert not {"documento_devedor", "data_vencimento", "valor_divida"} & found.to_check


def test_words_of_another_language_are_told_by_their_values(proposed: Proposed) -> None:
    words = {"tax id": "kennung", "amount": "betrag", "due date": "fällig"}
    content = ENGLISH
    for english, german in words.items():
        content = content.replace(english, german)
    found = proposed("x.csv", content)
    assert found.mapping == {
        column: (words.get(origin, origin), picture) for column, (origin, picture) in ENGLISH_MAPPING.items()
    }
    assert {"documento_devedor", "data_vencimento"} <= found.to_check
    assert max(found.confidence[name] for name in found.to_check) < 0.6


@pytest.mark.parametrize(
    ("dates", "picture", "is_unsure"),
    [
        (["13/01/2025", "01/02/2025"], "DD/MM/AAAA", False),
        (["01/13/2025", "01/02/2025"], "MM/DD/AAAA", False),
        (["01/02/2025", "03/04/2025"], "DD/MM/AAAA", True),
        (["20250131", "20250201"], "AAAAMMDD", False),
        (["31012025", "01022025"], "DDMMAAAA", False),
        (["31-01-2025", "01-02-2025"], "DD-MM-AAAA", False),
        (["2025/01/31", "2025/02/01"], "AAAA/MM/DD", False),
        (["31/01/25", "01/02/25"], "DD/MM/AA", False),
    ],
)
def test_the_picture_of_a_date(proposed: Proposed, dates: list[str], picture: str, is_unsure: bool) -> None:
    found = proposed("x.csv", "contrato;vencimento\n" + "".join(f"{date};{date}\n" for date in dates))
    assert found.mapping["data_vencimento"] == ("vencimento", picture)
    assert ("data_vencimento" in found.to_check) == is_unsure
    assert ("day before month is a guess" in found.text) == is_unsure


@pytest.mark.parametrize(
    ("amounts", "picture", "is_unsure"),
    [
        (["1.234,56", "10"], "9.999,99", False),
        (["1,234.56", "10"], "9,999.99", False),
        (["1234.5", "10"], "9,999.99", False),
        (["R$ 1.234", "1,5"], "9.999,99", False),
        (["1.234", "5.678"], "9.999,99", True),
        (["1234", "10"], "X", False),
    ],
)
def test_the_picture_of_an_amount(
    proposed: Proposed, amounts: list[str], picture: str, is_unsure: bool
) -> None:
    found = proposed("x.csv", "titulo;valor\n" + "".join(f"T{amount};{amount}\n" for amount in amounts))
    assert found.mapping["valor_divida"] == ("valor", picture)
    assert ("no value tells a decimal mark" in found.text) == is_unsure


def test_the_clients_id_is_a_column_only_if_it_is_the_clients(proposed: Proposed) -> None:
    other = STANDARD.replace("acme,", "outra,")
    assert proposed("x.csv", STANDARD).mapping["id_cliente_credor"] == ("id_cliente_credor", "X")
    assert proposed("x.csv", other).mapping["id_cliente_credor"] == SENDER
    spelled = proposed("x.csv", STANDARD.replace("acme,", "acme & cia,"), client="acme_cia")
    assert spelled.mapping["id_cliente_credor"] == ("id_cliente_credor", "X")


def test_a_name_that_its_values_contradict_is_doubted(proposed: Proposed) -> None:
    """`documento` is what many call the number of their invoice."""
    text = f"documento;titular;cpf;valor;vencimento\nNF-1;Ana Lima;{ANA};1,50;13/01/2025\n"
    found = proposed("x.csv", text)
    assert found.mapping["documento_devedor"][0] == "cpf"
    assert found.mapping["id_divida"][0] != "cpf"
    alone = proposed("x.csv", text.replace(f";cpf;{ANA}", "").replace(";cpf", "").replace(f";{ANA}", ""))
    assert "documento_devedor" in alone.to_check


def test_two_columns_that_fit_alike_are_doubted(proposed: Proposed) -> None:
    text = "titulo;valor original;saldo devedor;vencimento\nT1;1,50;2,50;13/01/2025\n"
    found = proposed("x.csv", text)
    assert found.mapping["valor_divida"][0] == "valor original"
    assert "valor_divida" in found.to_check and "'saldo devedor' fits as well" in found.text


def test_a_required_column_that_nothing_fits_is_a_hole(proposed: Proposed) -> None:
    found = proposed("x.csv", "titulo;valor;vencimento\nT1;1,50;13/01/2025\n")
    assert found.mapping["documento_devedor"] == ("", "X")
    assert (
        found.remarks[0] == "No column fits nome_devedor, documento_devedor: say where it is, or a constant."
    )


def test_ten_thousand_columns(proposed: Proposed) -> None:
    others = [f"c{number}" for number in range(10_000)]
    header = ["titulo", "nome", "cpf", "valor", "vencimento"]
    row = ["T1", "Ana Lima", ANA, "1,50", "13/01/2025"]
    found = proposed("x.csv", ";".join(header + others) + "\n" + ";".join(row + ["x"] * 10_000) + "\n")
    assert found.mapping["data_vencimento"] == ("vencimento", "DD/MM/AAAA")
    assert found.remarks == ["The file has 10005 columns; only the first 100 were looked at."]
    late = proposed("x.csv", ";".join(others + header) + "\n" + ";".join(["x"] * 10_000 + row) + "\n")
    assert late.mapping["data_vencimento"] == ("", "X")


def test_only_the_first_hundred_rows_count(proposed: Proposed) -> None:
    rows = "".join(f"T{number};{1 + number % 12:02}/01/2025;x\n" for number in range(500))
    found = proposed("x.csv", f"titulo;vencimento;uf\n{rows}T501;01/13/2025;x\nTOTAL;100\n")
    assert found.mapping["data_vencimento"] == ("vencimento", "DD/MM/AAAA")
    assert found.settings["fim"] == "TOTAL", "the end of a long file is looked at too"
    assert "trailer_linhas" not in found.settings, "nobody counted them"
    long = sheet(
        ["titulo", "vencimento", "uf"],
        *([f"T{number}", "13/01/2025", "SP"] for number in range(500)),
        ["Total"],
    )
    assert proposed("x.xlsx", long).settings["fim"] == "Total"


def test_a_name_of_three_hundred_characters(proposed: Proposed) -> None:
    name = "vencimento " + "x" * 289
    found = proposed("x.csv", f"titulo;{name}\nT1;13/01/2025\nT2;14/01/2025\n")
    assert found.mapping["data_vencimento"] == (name, "DD/MM/AAAA")
    assert "data_vencimento" in found.to_check


@pytest.mark.parametrize("name", ["a: b", "- a", "# a", "'a'", "é\u2028", "null", "{x}", "1e3", "&a"])
def test_a_header_that_yaml_would_misread(proposed: Proposed, name: str) -> None:
    found = proposed("x.csv", f"titulo;{name}\nT1;13/01/2025\n")
    assert found.mapping["data_vencimento"][0] == name.strip()


def test_records_of_one_length(proposed: Proposed) -> None:
    found = proposed("x.rem", RETURN)
    assert found.settings == {
        "id_cliente": "acme",
        "source_name": "cobranca",
        "table_name": "dividas",
        "arquivos": "*.rem",
        "conteiner": "largura_fixa",
        "codificacao": "cp1252",
        "tamanho_registro": "80",
        "tipo": "1-1",
        "cabecalho": "0",
        "detalhe": "1",
        "trailer": "9",
    }
    assert found.mapping["documento_devedor"] == ("", "X")
    assert "declared by hand" in found.remarks[0]
    assert found.remarks[1] == "The last record begins with '9' and seems to be a trailer."


def test_an_archive_of_one_file_and_of_two(proposed: Proposed) -> None:
    def archive(*names: str) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as file:
            for name in names:
                file.writestr(name, STANDARD)
        return target.getvalue()

    assert proposed("x.zip", archive("y.csv")).settings["arquivos"] == "*.csv"
    with pytest.raises(Refused, match=r"2 files\. Unpack it"):
        proposed("x.zip", archive("y.csv", "z.csv"))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "arquivo_vazio"),
        (b"\n \n", "arquivo_vazio"),
        (b"%PDF-1.7\n%\xe2\xe3", "tipo_desconhecido"),
        (b"PAR1" + bytes(20), "tipo_desconhecido"),
        (bytes(1000), "byte_nulo"),
        (random.Random(18).randbytes(5000), "codificacao_invalida"),
        (b"Prezados,\nsegue a lista.\n", "formato_desconhecido"),
        (b"a;b\n" + b"x" * 2_000_001, "linha_longa"),
        (WORKBOOK[:3000], "planilha_ilegivel"),
        (sheet(), "arquivo_vazio"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_nothing_can_be_proposed_for(proposed: Proposed, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        proposed("x.csv", content)
    assert refused.value.code in (
        code,
        "byte_nulo" if code == "codificacao_invalida" else code,
        "arquivo_truncado",
    )


@pytest.mark.parametrize(
    "content", [STANDARD, BRAZILIAN, PIPES, JSON_LINES, HEADERLESS, ENGLISH, WORKBOOK, RETURN], ids=range(8)
)
def test_no_cell_of_the_file_is_repeated(proposed: Proposed, content: bytes | str) -> None:
    found = proposed("x.csv", content)
    said = found.text + "\n".join(found.remarks)
    for cell in (
        "Ana",
        "Rui",
        "Lima",
        "Souza",
        "Ônix",
        "529",
        "982",
        "39053",
        "11222",
        "1.234",
        "ana@",
        "A-1",
    ):
        assert cell not in said


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_or_proposed(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    with suppress(Refused):
        yaml.load(suggest(path, DIVIDAS, "acme", None)[0], yaml.BaseLoader)


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.55, 0.7, 0.9, 1.0]), min_size=4, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_the_assignment_is_the_best_of_all(scores: list[list[float]]) -> None:
    def total(chosen: tuple[int | None, ...]) -> float:
        return sum(scores[row][at] for row, at in enumerate(chosen) if at is not None)

    choices = [[None, *(at for at, score in enumerate(row) if score >= 0.3)] for row in scores]
    best = max(
        total(chosen)
        for chosen in itertools.product(*choices)
        if len({at for at in chosen if at is not None}) == sum(at is not None for at in chosen)
    )
    found = assignment(scores)
    taken = [at for at in found if at is not None]
    assert len(taken) == len(set(taken))
    assert total(tuple(found)) == pytest.approx(best)


def test_documents_agree_with_another_library() -> None:
    for kind in (validate_docbr.CPF(), validate_docbr.CNPJ()):
        for number in range(300):
            document = kind.generate(mask=bool(number % 2))
            assert is_document(document)
            assert not is_document(document[:-1] + str((int(document[-1]) + 1) % 10))
    assert is_document("12.ABC.345/01DE-35") and not is_document("12.ABC.345/01DE-36")
    assert is_document(ZERO) and not is_document("000.000.000-00") and not is_document("123")


def test_people_are_masked() -> None:
    assert masked_document(ANA) == masked_document("52998224725") == "***.982.247-**"
    assert masked_document(ONIX) == "**.222.333/****-**"
    assert masked_document("1234567890") == masked_document("abc") == "***"
    assert masked_text("Ana de Lima") == "A*** d*** L***" and masked_text("ana@example.com") == "a***@e***"


class Desk:
    """A terminal with its own folder of formats, a copy of the project's, and its own roots."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.formats = folder, folder / "formats"
        self.formats.mkdir()
        for name in ("formatos.csv", "formato_colunas.csv"):
            shutil.copy(PROJECT / "seeds" / "recebimento" / name, self.formats)
        roots = {
            f"LASTRO_{name.upper()}": str(folder / name)
            for name in ("inbox", "received", "quarantine", "raw")
        }
        self.environment = os.environ | roots | {"LASTRO_FORMATS": str(self.formats), "COLUMNS": "200"}

    def run(self, *args: str) -> Result:
        done = CliRunner().invoke(app, args, env=self.environment, prog_name="lastro")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "unexpected" not in done.stderr, done.stderr
        return done

    def said(self, *args: str, code: int = 0) -> str:
        done = self.run(*args)
        assert done.exit_code == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def write(self, name: str, content: bytes | str) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def propose(self, file: str, client: str = "acme") -> str:
        """Save what is proposed for a file as YAML, and return its path."""
        done = self.run("format", "suggest", file, "--client", client)
        assert done.exit_code == 0, done.stderr
        return self.write("proposal.yml", done.stdout)

    def seeds(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.formats.iterdir()}

    def received(self) -> list[list[str]]:
        """Return the cells of the one raw file of debts, in the order of the standard columns."""
        [path] = (self.folder / "raw" / "cobranca" / "dividas").iterdir()
        rows = list(csv.reader(path.open(encoding="utf-8", newline="")))
        at = [rows[0].index(name) for name in STANDARD.split("\n")[0].split(",")]
        return [[row[place] for place in at] for row in rows[1:]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        (
            "x.csv",
            STANDARD,
            [
                ["acme", "D1", "Ana Lima", ANA, "ana@example.com", "1234.56", "2025-01-10"],
                ["acme", "D2", "Rui Souza", RUI, "", "99.90", "2025-01-31"],
            ],
        ),
        (
            "x.csv",
            BRAZILIAN,
            [
                ["acme", "A-1", "Maria José", ANA, "ana@example.com", "1234.56", "2025-01-10"],
                ["acme", "A-2", "Ônix Comercial Ltda", ONIX, "", "99.90", "2025-02-25"],
            ],
        ),
        (
            "x.xlsx",
            WORKBOOK,
            [
                ["acme", "T1", "Ana Lima", ANA, "", "10.5", "2025-01-10"],
                ["acme", "T2", "Ônix Comercial", ONIX, "", "1000", "2025-01-31"],
            ],
        ),
        (
            "x.txt",
            PIPES,
            [
                ["acme", "7", "Ana Lima", ANA, "ana@example.com", "1000.00", "2025-01-10"],
                ["acme", "8", "Rui Souza", RUI, "", "10.50", "2025-01-25"],
            ],
        ),
        (
            "x.jsonl",
            JSON_LINES,
            [
                ["acme", "7", "Ana Lima", ANA, "", "10.5", "2025-01-10"],
                ["acme", "8", "Rui Souza", RUI, "", "1000.0", "2025-01-31"],
            ],
        ),
        (
            "x.tsv",
            HEADERLESS,
            [
                ["acme", "7", "Ana Lima", ANA, "ana@example.com", "1000.00", "2025-01-10"],
                ["acme", "8", "Rui Souza", RUI, "", "10.50", "2025-01-25"],
            ],
        ),
        (
            "x.csv",
            ENGLISH,
            [
                ["acme", "A-1", "Ana Lima", ANA, "ana@example.com", "1234.56", "2025-01-25"],
                ["acme", "A-2", "Rui Souza", RUI, "", "99.90", "2025-02-10"],
            ],
        ),
    ],
    ids=["standard", "brazilian", "workbook", "pipes", "json", "headerless", "english"],
)
def test_what_is_proposed_is_saved_and_taken_by_the_gate(
    desk: Desk, name: str, content: bytes | str, rows: list[list[str]]
) -> None:
    file = desk.write(name, content)
    proposal = desk.propose(file)
    before = desk.said("format", "check", file, "--client", "acme", "--format", proposal)
    assert f"by version 1 of the format: {len(rows)} rows." in before
    assert "acme, cobranca.dividas: saved as version 1" in desk.said("format", "save", proposal)
    after = desk.said("format", "check", file, "--client", "acme")
    assert after == before, "the saved format is the proposed one"
    for row in rows:
        assert row[1] in after and row[6] in after and masked_document(row[3]) in after
        assert row[3] not in after and row[2] not in after
    desk.write(f"inbox/cobranca/acme/{name}", content)
    assert "1 aceito" in desk.said("receive", "--settle-seconds", "0")
    assert desk.received() == rows


def test_saving_again_and_saving_another(desk: Desk) -> None:
    file = desk.write("x.csv", BRAZILIAN)
    before = desk.seeds()
    proposal = desk.propose(file)
    desk.said("format", "save", proposal)
    once = desk.seeds()
    assert all(once[name].startswith(before[name]) for name in before), "what stood there stands there still"
    assert b"\r" not in b"".join(once.values())
    assert once["formatos.csv"].removeprefix(before["formatos.csv"]).decode() == (
        "acme,cobranca,dividas,1,*.csv,delimitado,cp1252,;" + "," * 12 + "\n"
    )
    assert once["formato_colunas.csv"].removeprefix(before["formato_colunas.csv"]).decode() == (
        "acme,cobranca,dividas,1,id_cliente_credor,,,{client}\n"
        "acme,cobranca,dividas,1,id_divida,Contrato,X,\n"
        "acme,cobranca,dividas,1,nome_devedor,Cliente,X,\n"
        "acme,cobranca,dividas,1,documento_devedor,CPF/CNPJ,X,\n"
        "acme,cobranca,dividas,1,email_devedor,E-mail,X,\n"
        'acme,cobranca,dividas,1,valor_divida,Valor (R$),"9.999,99",\n'
        "acme,cobranca,dividas,1,data_vencimento,Vencimento,DD/MM/AAAA,\n"
    )
    assert "version 1 says the same already. Nothing is written." in desk.said("format", "save", proposal)
    shown = desk.write("shown.yml", desk.run("format", "show", "acme").stdout)
    assert "version 1 says the same already" in desk.said("format", "save", shown)
    assert desk.seeds() == once
    changed = desk.write("changed.yml", Path(proposal).read_text().replace("'*.csv'", "'debts*.csv'"))
    assert "saved as version 2" in desk.said("format", "save", changed)
    # The first one is the newest no more, so it is another version.
    assert "saved as version 3" in desk.said("format", "save", proposal)
    listed = desk.said("format", "list", "--client", "acme")
    assert [line.split()[:4] for line in listed.splitlines() if line.strip().startswith("acme")] == [
        ["acme", "cobranca.dividas", version, files]
        for version, files in (("1", "*.csv"), ("2", "debts*.csv"), ("3", "*.csv"))
    ]
    assert "arquivos: debts*.csv" in desk.said("format", "show", "acme", "--version", "2")
    assert "acme has no version 4" in desk.said("format", "show", "acme", "--version", "4", code=1)
    assert "nobody has no format for cobranca.dividas" in desk.said("format", "show", "nobody", code=1)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("origem: Contrato", "origem:", "colunas.id_divida has neither origem nor constante"),
        (
            "origem: Contrato",
            "origem: Contrato\n    constante: x",
            "colunas.id_divida has both origem and constante",
        ),
        ("origem: Contrato", "origem: [a]", "colunas.id_divida.origem is a list or a mapping"),
        ("origem: Contrato", "origin: Contrato", "colunas.id_divida.origin is no field"),
        ("  id_divida:", "  id_dvida:", "has no column 'id_dvida'"),
        ("  id_divida:", "  nome_devedor:", "nome_devedor comes twice. Keep one."),
        ("  id_divida:", "  linha_original:", "linha_original is written by the gate itself"),
        ("DD/MM/AAAA", "DD/MM", "formato of data_vencimento"),
        ("cp1252", "cp9999", "codificacao is 'cp9999'"),
        ("delimitador: ;", "delimitador: '~'", "delimitador is '~'"),
        ("delimitador: ;", "delimitador: |", "put '|' in quotes"),
        ("conteiner: delimitado", "conteiner: pdf", "conteiner is 'pdf'"),
        ("table_name: dividas", "table_name: divida", "cobranca.divida is no raw table"),
        ("id_cliente: acme", "id_cliente:", "id_cliente is empty"),
        ("id_cliente: acme", "id_cliente: a/b", "cannot be the folder of a client"),
        ("arquivos: '*.csv'", "arquivos: ''", "arquivos is empty"),
        ("inicio:", "inicio: um", "inicio is 'um'"),
        ("inicio:", "começo: 1", "começo is no field of a format"),
        ("inicio:", "tipo: 1-1", "tipo must be empty for delimitado"),
        ("colunas:", "columns:", "columns is no field of a format"),
    ],
)
def test_a_broken_proposal_is_refused_in_one_message(desk: Desk, old: str, new: str, words: str) -> None:
    proposal = Path(desk.propose(desk.write("x.csv", BRAZILIAN)))
    text = proposal.read_text()
    assert text.count(old) == 1
    proposal.write_text(text.replace(old, new))
    before = desk.seeds()
    done = desk.run("format", "save", str(proposal))
    assert done.exit_code == 1 and done.stdout == ""
    assert done.stderr.startswith("lastro format save: ") and len(done.stderr.splitlines()) == 1, done.stderr
    assert words in done.stderr
    assert str(proposal) in done.stderr or "folder of a client" in words
    assert "lastro_format_" not in done.stderr, "a scratch folder says nothing to a reader"
    assert desk.seeds() == before
    file = str(desk.folder / "x.csv")
    assert desk.run("format", "check", file, "--client", "acme", "--format", str(proposal)).exit_code == 1


@pytest.mark.parametrize("text", ["", "- a\n", "a", "colunas: {}\n"])
def test_a_proposal_of_another_shape(desk: Desk, text: str) -> None:
    assert str(desk.folder / "p.yml") in desk.said("format", "save", desk.write("p.yml", text), code=1)
    desk.said("format", "save", desk.write("p.yml", b"\xff\xfe\x00"), code=1)
    assert "no such file" in desk.said("format", "save", str(desk.folder / "none.yml"), code=1)


def test_the_hole_of_a_record_is_filled_by_hand(desk: Desk) -> None:
    record = "1D1".ljust(11) + "Ana Lima".ljust(20) + "52998224725" + "0" * 10 + "123456" + "10012025"
    trailer = "9000001" + "0" * 10 + "123456"
    file = desk.write("x.rem", "".join(line.ljust(80) + "\n" for line in ("0ACME", record, trailer)))
    # One record between header and trailer does not tell what a detail record begins with.
    proposal = Path(desk.propose(file))
    assert "must be declared" not in desk.said("format", "save", str(proposal), code=1)
    places = {
        "id_divida": "2-11",
        "nome_devedor": "12-31",
        "documento_devedor": "32-42",
        "valor_divida": "43-58",
        "data_vencimento": "59-66",
    }
    text = proposal.read_text()
    for name, place in places.items():
        text = re.sub(rf"(  {name}:\n    origem:)", rf"\1 {place}", text)
    text = text.replace(
        "59-66  # check this, 0.00: no column fits\n    formato: X", "59-66\n    formato: DDMMAAAA"
    )
    text = text.replace(
        "43-58  # check this, 0.00: no column fits\n    formato: X", "43-58\n    formato: 9(14)V99"
    )
    text = text.replace("trailer_linhas:", "trailer_linhas: 2-7").replace(
        "trailer_conta:", "trailer_conta: detalhe"
    )
    proposal.write_text(text)
    said = desk.said("format", "check", file, "--client", "acme", "--format", str(proposal))
    assert "accepted as largura_fixa by version 1 of the format: 1 rows" in said
    assert "1234.56" in said and "2025-01-10" in said and "***.982.247-**" in said


def test_check_says_why_a_file_is_refused_and_what_goes_to_quarantine(desk: Desk) -> None:
    file = desk.write("x.txt", PIPES)
    proposal = desk.propose(file)
    said = desk.said("format", "check", file, "--client", "acme", "--format", proposal)
    assert "2 lines are ignored, as the format says." in said
    torn = desk.write("x.txt", PIPES.replace("TOTAL|2", "8|Rui|x\nTOTAL|3"))
    said = desk.said("format", "check", torn, "--client", "acme", "--format", proposal)
    assert "3 rows" in said and "1 of the rows are lines that cannot be split" in said
    wrong = desk.write("x.txt", PIPES.replace("TOTAL|2", "TOTAL|3"))
    said = desk.said("format", "check", wrong, "--client", "acme", "--format", proposal, code=1)
    assert "total_divergente" in said
    other = desk.said("format", "check", wrong, "--client", "outra", "--format", proposal, code=1)
    assert "id_cliente is acme, but --client is outra" in other
    named = desk.write("x.csv", PIPES)
    other = desk.said("format", "check", named, "--client", "acme", "--format", proposal, code=1)
    assert "arquivos is *.txt, which x.csv does not match" in other
    assert not (desk.folder / "inbox").exists() and not (desk.folder / "raw").exists(), "nothing is kept"


def test_a_file_of_no_format_is_judged_by_the_standard_columns(desk: Desk) -> None:
    file = desk.write("x.csv", STANDARD)
    assert "by no format: the standard columns: 2 rows." in desk.said(
        "format", "check", file, "--client", "acme"
    )


@pytest.mark.parametrize("at", ["formato_colunas.csv", "formatos.csv"])
def test_a_saving_that_fails_leaves_the_formats_as_they_were(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    proposal = seeds.read_proposal(Path(desk.propose(desk.write("x.csv", BRAZILIAN))))
    before, known = desk.seeds(), read_formats(desk.formats)
    replace = seeds._replace

    def broken(made: Path, seed: Path) -> None:
        if seed.name == at:
            raise OSError("the disk is full")
        replace(made, seed)

    monkeypatch.setattr(seeds, "_replace", broken)
    with pytest.raises(OSError, match="disk is full"):
        seeds.save(proposal, desk.formats, "p.yml")
    assert read_formats(desk.formats) == known, "columns without a format mean nothing"
    assert (desk.seeds() == before) == (at == "formato_colunas.csv")
    monkeypatch.setattr(seeds, "_replace", replace)
    assert seeds.save(proposal, desk.formats, "p.yml") == "1"
    assert len(read_formats(desk.formats)) == len(known) + 1
    assert sorted(desk.seeds()) == ["formato_colunas.csv", "formatos.csv"]


def test_a_full_disk_leaves_no_file_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    proposal = seeds.read_proposal(Path(desk.propose(desk.write("x.csv", BRAZILIAN))))
    before = desk.seeds()

    def full(handle: int) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(seeds.os, "fsync", full)
    with pytest.raises(OSError, match="disk is full"):
        seeds.save(proposal, desk.formats, "p.yml")
    assert desk.seeds() == before


def test_two_savings_at_once_are_two_versions(desk: Desk) -> None:
    text = Path(desk.propose(desk.write("x.csv", BRAZILIAN))).read_text()
    started = [
        subprocess.Popen(
            [LASTRO, "format", "save", desk.write(f"p{number}.yml", text.replace("*.csv", f"{number}*.csv"))],
            env=desk.environment,
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    assert all("saved as version" in process.communicate()[0] for process in started)
    saved = [each for each in read_formats(desk.formats) if each.client == "acme"]
    assert sorted(each.version for each in saved) == [1, 2, 3, 4]
    assert {each.files for each in saved} == {f"{number}*.csv" for number in range(4)}


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("suggest", "none.csv", "--client", "acme"), 1, "none.csv: no such file."),
        (("suggest", "x.csv", "--client", "acme", "--table", "a.b"), 1, "there is no raw table 'a.b'"),
        (("suggest", "x.csv", "--client", "../acme"), 1, "cannot be the folder of a client"),
        (("suggest", "x.csv"), 2, "Missing option '--client'"),
        (("suggest", "x.pdf", "--client", "acme"), 1, "x.pdf: tipo_desconhecido: the file is a PDF."),
        (("check", "x.pdf", "--client", "acme"), 1, "x.pdf: tipo_desconhecido: the file is a PDF."),
        (("check", "x.csv", "--client", "acme", "--formats", "none"), 1, "none/form"),
    ],
)
def test_what_is_asked_wrongly(desk: Desk, args: tuple[str, ...], code: int, words: str) -> None:
    desk.write("x.csv", BRAZILIAN)
    desk.write("x.pdf", b"%PDF-1.7\n")
    placed = [
        str(desk.folder / arg) if "." in arg and arg.startswith(("x.", "none.")) else arg for arg in args
    ]
    assert words in desk.said("format", *placed, code=code)
