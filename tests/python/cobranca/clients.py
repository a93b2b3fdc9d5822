"""Formats of invented clients, and their files, written without the code under test."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import xlsxwriter
from lastro.receive.formats import COLUMN_FIELDS, FORMAT_FIELDS, Format, read_formats
from recebimento.throwaway import House, project_table

DIVIDAS = project_table("dividas")
NAMES = [column.name for column in DIVIDAS.columns]
# What a client of these tests calls each column, or where it stands.
HEADER = {
    "id_divida": "Contrato",
    "nome_devedor": "Cliente",
    "documento_devedor": "CPF/CNPJ",
    "email_devedor": "E-mail",
    "valor_divida": "Saldo Devedor",
    "data_vencimento": "Vencimento",
}
PLACES = {
    "id_divida": "2-13",
    "nome_devedor": "14-33",
    "documento_devedor": "34-47",
    "email_devedor": "48-72",
    "valor_divida": "73-85",
    "data_vencimento": "86-93",
}
LENGTH = 100


class Debt(NamedTuple):
    """A debt as a person says it."""

    id_divida: str
    nome: str
    documento: str
    email: str
    valor: Decimal
    vencimento: datetime.date

    def standard(self, line: int, client: str = "acme") -> list[str]:
        """Return the landed cells that it must have: amounts with a point, dates in ISO 8601."""
        return [
            client,
            self.id_divida,
            self.nome,
            self.documento,
            self.email,
            f"{self.valor:.2f}",
            f"{self.vencimento:%Y-%m-%d}",
            str(line),
            "",
            "",
        ]


DEBTS = [
    Debt("C-1", "Ana Maria", "52998224725", "ana@x.com", Decimal("1234.50"), datetime.date(2024, 1, 31)),
    Debt("C-2", "João Sá", "11144477735", "", Decimal("0.05"), datetime.date(2023, 12, 1)),
    Debt("C-3", "B. Cruz", "11222333000181", "b@y.com.br", Decimal("9999999.99"), datetime.date(2020, 2, 29)),
]


def write_formats(folder: Path, columns: Sequence[dict[str, str]] | None = None, **said: str) -> list[Format]:
    """Write one format of acme into a folder and read it; `columns` are rows of formato_colunas."""
    row = {
        "id_cliente": "acme",
        "source_name": "cobranca",
        "table_name": "dividas",
        "versao": "1",
        "arquivos": "*",
    } | said
    key = {name: row[name] for name in ("id_cliente", "source_name", "table_name", "versao")}
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "formatos.csv", FORMAT_FIELDS, [row])
    cells = columns if columns is not None else named_columns()
    _write(folder / "formato_colunas.csv", COLUMN_FIELDS, [key | cell for cell in cells])
    return read_formats(folder, [DIVIDAS])


def named_columns(
    amount: str = "9.999,99", day: str = "DD/MM/AAAA", origins: dict[str, str] = HEADER
) -> list[dict[str, str]]:
    """Return the columns of a format, with the client as a constant."""
    pictures = {"valor_divida": amount, "data_vencimento": day}
    return [
        {"coluna": "id_cliente_credor", "constante": "{client}"},
        *(
            {"coluna": column, "origem": origin, "formato": pictures.get(column, "")}
            for column, origin in origins.items()
        ),
    ]


def _write(path: Path, fields: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def house_of(folder: Path, formats: list[Format]) -> House:
    """Return a gate for debts with these formats."""
    return House(folder / "gate", DIVIDAS, formats=formats)


def brazilian(amount: Decimal) -> str:
    """Return 1234.5 as 1.234,50."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def amount_as(picture: str, amount: Decimal) -> str:
    """Return an amount as a picture writes it."""
    return {
        "9.999,99": brazilian(amount),
        "9,999.99": f"{amount:,.2f}",
        "9(11)V99": f"{int(amount * 100):013}",
    }[picture]


DAYS = {
    "DDMMAAAA": "%d%m%Y",
    "AAAAMMDD": "%Y%m%d",
    "DDMMAA": "%d%m%y",
    "DD/MM/AAAA": "%d/%m/%Y",
    "DD/MM/AA": "%d/%m/%y",
    "DD-MM-AAAA": "%d-%m-%Y",
    "DD.MM.AAAA": "%d.%m.%Y",
    "MM/DD/AAAA": "%m/%d/%Y",
    "AAAA-MM-DD": "%Y-%m-%d",
    "AAAA/MM/DD": "%Y/%m/%d",
}


def cells_of(debt: Debt, amount: str = "9.999,99", day: str = "DD/MM/AAAA") -> list[str]:
    """Return the cells of a debt in the order of HEADER."""
    return [
        debt.id_divida,
        debt.nome,
        debt.documento,
        debt.email,
        amount_as(amount, debt.valor),
        f"{debt.vencimento:{DAYS[day]}}",
    ]


def as_delimited(rows: Sequence[Sequence[str]], delimiter: str = ";", end: str = "\r\n") -> str:
    """Return rows as delimited text."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def as_sheet(rows: Sequence[Sequence[object]]) -> bytes:
    """Return rows as one sheet, with dates typed as dates."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        page, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime.date):
                    page.write_datetime(at, column, cell, day)
                elif isinstance(cell, str):
                    page.write_string(at, column, cell)
                elif cell is not None:
                    page.write_number(at, column, cell)
    return out.getvalue()


def record(debt: Debt) -> str:
    """Return a debt as a record of fixed width."""
    text = (
        f"1{debt.id_divida:<12}{debt.nome:<20}{debt.documento:<14}{debt.email:<25}"
        f"{int(debt.valor * 100):013}{debt.vencimento:%d%m%Y}"
    )
    return text.ljust(LENGTH)


def as_records(records: Sequence[str], rows: int, amount: Decimal, end: str = "\r\n") -> bytes:
    """Return records between a header and a trailer that declares these totals."""
    lines = ["0ACME".ljust(LENGTH), *records, f"9{rows:06}{int(amount * 100):013}".ljust(LENGTH)]
    return "".join(line + end for line in lines).encode("cp1252")


FIXED = {
    "conteiner": "largura_fixa",
    "codificacao": "cp1252",
    "tamanho_registro": str(LENGTH),
    "tipo": "1-1",
    "cabecalho": "0",
    "detalhe": "1",
    "trailer": "9",
    "trailer_linhas": "2-7",
    "trailer_conta": "detalhe",
    "trailer_valor": "8-20",
    "trailer_valor_formato": "9(11)V99",
}


def fixed_formats(folder: Path) -> list[Format]:
    """Write and read a format of fixed width."""
    return write_formats(folder, named_columns("9(11)V99", "DDMMAAAA", PLACES), **FIXED)


def as_json(debts: Sequence[Debt], is_array: bool, is_typed: bool, day: str) -> str:
    """Return debts as a JSON array or JSON Lines, with amounts as numbers or text."""
    objects = [
        json.dumps(
            dict(zip(HEADER.values(), cells_of(debt, day=day), strict=True))
            | ({"Saldo Devedor": float(debt.valor)} if is_typed else {}),
            ensure_ascii=False,
        )
        for debt in debts
    ]
    return f"[{','.join(objects)}]" if is_array else "".join(f"{each}\n" for each in objects)
