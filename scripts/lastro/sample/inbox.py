"""A small inbox with one of everything that may come: for `make demo-gate`, and to look at."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import xlsxwriter

from lastro.sample.cobranca import client_files

_INVOICES = "id_fatura,id_cliente,data_emissao,data_vencimento,valor_fatura,valor_pagamento_minimo"
_PAYMENTS = "id_pagamento,id_fatura,id_cliente,data_pagamento,valor_pagamento"
_INVOICED = "customer,account,month,invoice"
# Archives carry a time of their own; a fixed one keeps the files the same.
_TIME = (2024, 1, 1, 0, 0, 0)


def write_inbox(folder: Path) -> list[Path]:
    """Write the inbox into a folder, the same bytes each time, and return its files.

    Raises:
        FileExistsError: The folder has files.
    """
    if folder.exists() and any(path.is_file() for path in folder.rglob("*")):
        raise FileExistsError(f"{folder} already has files. Remove them, or choose another folder.")
    written = []
    files = {name: content() for name, content in _FILES.items()} | client_files()
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        written.append(path)
    return written


def _invoices(month: str, count: int = 5) -> list[list[str]]:
    return [
        [f"F{month}{at}", f"C{at}", f"{month}-0{at}", f"{month}-2{at}", f"{100 * at}.90", f"{10 * at}.00"]
        for at in range(1, count + 1)
    ]


def _payments(month: str, count: int = 4) -> list[list[str]]:
    return [
        [f"P{month}{at}", f"F{month}{at}", f"C{at}", f"{month}-2{at}", f"{100 * at}.90"]
        for at in range(1, count + 1)
    ]


def _csv(header: str, rows: list[list[str]], more: str = "") -> str:
    return "\n".join([header, *(",".join(row) for row in rows)]) + "\n" + more


def _brazilian(header: str, rows: list[list[str]]) -> str:
    """Semicolons, decimal commas and DD/MM/YYYY."""
    lines = [header.replace(",", ";")]
    for *cells, day, amount in rows:
        lines.append(";".join([*cells, f"{date.fromisoformat(day):%d/%m/%Y}", amount.replace(".", ",")]))
    return "\r\n".join(lines) + "\r\n"


def _sheet(header: str, rows: list[list[str]]) -> bytes:
    """A spreadsheet with real dates and numbers, as people type them."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(*_TIME[:3])})
        sheet = book.add_worksheet("Faturas")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, header.split(","))
        for at, (invoice, client, issued, due, amount, minimum) in enumerate(rows, start=1):
            sheet.write_string(at, 0, invoice)
            sheet.write_string(at, 1, client)
            sheet.write_datetime(at, 2, datetime.fromisoformat(issued), day)
            sheet.write_datetime(at, 3, datetime.fromisoformat(due), day)
            sheet.write_number(at, 4, float(amount))
            sheet.write_number(at, 5, float(minimum))
    return out.getvalue()


def _fixed_width(rows: list[list[str]], declared_rows: int | None = None) -> bytes:
    """Payments as a bank returns them: header, details, and a trailer with their number and their sum."""
    records = ["0RETORNO".ljust(80)]
    total = 0
    for payment, invoice, client, day, amount in rows:
        cents = int(Decimal(amount) * 100)
        total += cents
        record = f"1{payment:<12}{invoice:<12}{client:<12}{date.fromisoformat(day):%d%m%Y}{cents:013}"
        records.append(record.ljust(80))
    records.append(f"9{len(rows) if declared_rows is None else declared_rows:06}{total:013}".ljust(80))
    return ("\r\n".join(records) + "\r\n").encode()


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _TIME), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _answers() -> str:
    steps = [("name", "Íris"), ("nota", "9")]
    events = [
        {
            "customer": "C1000",
            "flow": "F1000",
            "session": "S1",
            "timestamp": f"2024-03-01T09:00:0{at}Z",
            "content": {key: value},
        }
        for at, (key, value) in enumerate(steps)
    ]
    return "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)


def _account_invoices() -> str:
    return _csv(
        _INVOICED, [["C1000", "A1100", "2024-01-01", "70000.00"], ["C1000", "A1200", "2024-01-01", "9.99"]]
    )


_FAULTY_ROW = "F2024-039,C9,ontem,2024-03-29,900.00,\n"
_OPEN_QUOTE = 'F2024-066,"C6,2024-06-06,2024-06-26,600.00,\n'

# What each file shows; a comment says how it ends if that is no plain acceptance.
_FILES: dict[str, Callable[[], bytes]] = {
    # one row has a date that is none: accepted here, rejected by dbt
    "cartoes/tb_faturas_202403.csv": lambda: _csv(_INVOICES, _invoices("2024-03"), _FAULTY_ROW).encode(),
    "cartoes/tb_pagamentos_202403.ret": lambda: _fixed_width(_payments("2024-03")),
    "cartoes/tb_faturas_202404.xlsx": lambda: _sheet(_INVOICES, _invoices("2024-04")),
    "cartoes/tb_pagamentos_202404.csv.gz": lambda: _gzip(
        _brazilian(_PAYMENTS, _payments("2024-04")).encode("cp1252")
    ),
    # two files, each with a batch of its own
    "cartoes/maio.zip": lambda: _zip(
        {
            "tb_faturas_202405.csv": _csv(_INVOICES, _invoices("2024-05"))
            .replace(",", "\t")
            .encode("utf-16"),
            "tb_pagamentos_202405.csv": _csv(_PAYMENTS, _payments("2024-05")).encode(),
        }
    ),
    # aspas_abertas
    "cartoes/tb_faturas_202406.csv": lambda: _csv(_INVOICES, _invoices("2024-06"), _OPEN_QUOTE).encode(),
    # total_divergente
    "cartoes/tb_pagamentos_202406.ret": lambda: _fixed_width(_payments("2024-06"), declared_rows=5),
    # codificacao_misturada
    "cartoes/tb_faturas_202407.csv": lambda: (
        _csv(_INVOICES, _invoices("2024-07")).encode()
        + "F7,João,2024-07-07,2024-07-27,700.00,\n".encode("cp1252")
        + "F8,João,2024-07-08,2024-07-28,800.00,\n".encode()
    ),
    # coluna_ausente
    "cartoes/tb_faturas_202408.csv": lambda: (
        _csv(_INVOICES, _invoices("2024-08")).replace("data_vencimento", "vencimento").encode()
    ),
    # arquivo_truncado
    "cartoes/tb_pagamentos_202408.csv.gz": lambda: _gzip(_csv(_PAYMENTS, _payments("2024-08")).encode())[
        :-20
    ],
    # arquivo_vazio
    "cartoes/tb_pagamentos_202409.csv": lambda: b"",
    # arquivo_sem_destino
    "cartoes/tb_faturas_202403 (2).csv": lambda: _csv(_INVOICES, _invoices("2024-03")).encode(),
    # tipo_desconhecido
    "cartoes/tb_faturas_202409.pdf": lambda: b"%PDF-1.7\n",
    # caminho_inseguro
    "cartoes/tb_faturas_202410.zip": lambda: _zip({"../tb_faturas_202410.csv": _INVOICES.encode()}),
    "cooperativa/conta_20240301.csv": lambda: (
        b"id_conta,id_associado,tipo_conta,data_criacao_conta\n1,1,corrente,2024-02-01\n"
    ),
    "mensageria/chatbot/2024-03-01/hour=09.json": lambda: _answers().encode(),
    "mensageria/invoices/janeiro.csv": lambda: _account_invoices().encode(),
    # arquivo_duplicado, whichever of the two is judged second
    "mensageria/invoices/janeiro (cópia).csv": lambda: _account_invoices().encode(),
    # waits for its end
    "mensageria/invoices/fevereiro.csv.part": lambda: _account_invoices()[:40].encode(),
}
