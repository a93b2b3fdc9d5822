"""Formats proposed from a file: the mapping of each file is written here by hand."""

from __future__ import annotations

import csv
import datetime
import io
import itertools
import os
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pytest
import validate_docbr
import yaml
from conftest import PROJECT
from hypothesis import given
from hypothesis import strategies as st
from lastro.contract import RawTable, read_contract
from lastro.receive.refusal import Refused
from lastro.receive.suggest import suggest
from lastro.receive.suggest.check import masked_document, masked_text
from lastro.receive.suggest.match import assignment
from lastro.receive.suggest.values import is_document

LASTRO = str(Path(sys.executable).with_name("lastro"))
# The check digits of these are valid; the last one lost its zero in a spreadsheet (012.345.678-90 with it).
ANA, RUI, ONIX, ZERO = "529.982.247-25", "390.533.447-05", "11.222.333/0001-81", "1234567890"
SENDER = ("{client}", "X")


@pytest.fixture(scope="module")
def dividas() -> RawTable:
    return next(table for table in read_contract() if table.name == "dividas")


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
def proposed(dividas: RawTable, tmp_path: Path) -> Proposed:
    def propose(name: str, content: bytes | str, client: str = "acme", files: str | None = None) -> Found:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Found(*suggest(path, dividas, client, files))

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
    line.ljust(60) + "\n"
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


def test_english_words_are_told_by_their_values(proposed: Proposed) -> None:
    found = proposed("x.csv", ENGLISH)
    assert found.mapping == {
        "id_cliente_credor": SENDER,
        "id_divida": ("contract id", "X"),
        "nome_devedor": ("debtor", "X"),
        "documento_devedor": ("tax id", "X"),
        "email_devedor": ("mail", "X"),
        "valor_divida": ("amount", "9,999.99"),
        "data_vencimento": ("due date", "MM/DD/AAAA"),
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
    rows = "".join(f"T{number};{1 + number % 12:02}/01/2025\n" for number in range(500))
    found = proposed("x.csv", f"titulo;vencimento\n{rows}T501;01/13/2025\nTOTAL;501\n")
    assert found.mapping["data_vencimento"] == ("vencimento", "DD/MM/AAAA")
    assert found.settings["fim"] == "TOTAL", "the end of a long file is looked at too"
    assert "trailer_linhas" not in found.settings, "nobody counted them"


def test_a_name_of_three_hundred_characters(proposed: Proposed) -> None:
    name = "vencimento " + "x" * 289
    found = proposed("x.csv", f"titulo;{name}\nT1;13/01/2025\nT2;14/01/2025\n")
    assert found.mapping["data_vencimento"] == (name, "DD/MM/AAAA")
    assert "data_vencimento" in found.to_check


@pytest.mark.parametrize("name", ["a: b", "- a", "# a", "'a'", "é\u2028", "null", "{x}", "007", "1e3", "&a"])
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
        "tamanho_registro": "60",
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
    with pytest.raises(Refused, match="2 files. Unpack it"):
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
    table = next(table for table in read_contract() if table.name == "dividas")
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    try:
        yaml.load(suggest(path, table, "acme", None)[0], yaml.BaseLoader)
    except Refused:
        pass


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
            # Another last digit is never right; as a CNPJ of lost zeros a CPF of eleven digits seldom is.
            wrong = document[:-1] + str((int(document[-1]) + 1) % 10)
            assert not is_document(wrong) or not kind.validate(wrong)
    assert is_document("12.ABC.345/01DE-35") and not is_document("12.ABC.345/01DE-36")
    assert is_document(ZERO) and not is_document("000.000.000-00") and not is_document("123")


def test_people_are_masked() -> None:
    assert masked_document(ANA) == masked_document("52998224725") == "***.982.247-**"
    assert masked_document(ONIX) == "**.222.333/****-**"
    assert masked_document("1234567890") == masked_document("abc") == "***"
    assert masked_text("Ana de Lima") == "A*** d*** L***" and masked_text("ana@example.com") == "a***@e***"
