"""The debts of the sample: files of seven clients, each in its own layout, as the gate received them."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import xlsxwriter

from lastro.receive.events import FOLDER as EVENTS
from lastro.receive.gate import Gate
from lastro.receive.places import Places
from lastro.sample.files import Sample, append

TABLES = ("dividas",)

STANDARD = (
    "id_cliente_credor,id_divida,nome_devedor,documento_devedor,email_devedor,valor_divida,data_vencimento"
)
_FIRST, _SECOND = datetime(2026, 7, 1, 12, tzinfo=UTC), datetime(2026, 7, 15, 12, tzinfo=UTC)
_SETTLE = {"origem": "lastro settle"}
# The keys of debts that are accepted; the faulty ones have other numbers.
_IS_SOUND = re.compile("[A-Z]{2}-[13][0-9]{3}")


@dataclass(frozen=True)
class Debt:
    """A debt as a client knows it. An amount or a date that is text is written as it stands."""

    key: str
    name: str
    document: str
    email: str
    amount: Decimal | str
    due: date | str


def cpf(first_nine: int) -> str:
    """Return a CPF with its check digits."""
    digits = f"{first_nine:09}"
    for length in (9, 10):
        total = sum(int(digits[at]) * (length + 1 - at) for at in range(length))
        digits += str(total * 10 % 11 % 10)
    return digits


def cnpj(first_twelve: str) -> str:
    """Return a CNPJ, also one with letters, with its check digits."""
    text = first_twelve
    for _ in range(2):
        total = sum((ord(char) - 48) * (2 + at % 8) for at, char in enumerate(reversed(text)))
        text += str(0 if total % 11 < 2 else 11 - total % 11)
    return text


_PEOPLE = ("Íris Antunes", "João d'Ávila", "Zoë Müller", "Caio Nunes", "Lia Prado", "Rui Sá", "Ana Conceição")


def _good(prefix: str, count: int = 6) -> list[Debt]:
    """Return debts without a fault; the third is owed by a company whose CNPJ has letters."""
    debts = []
    for at in range(count):
        number = 30_558_496 * (at + 1) + ord(prefix[0])
        document = cnpj(f"12ABC{ord(prefix[0])}{at}01DE"[:12]) if at == 2 else cpf(number)
        debts.append(
            Debt(
                key=f"{prefix}-{1001 + at}",
                name="Padaria Três Irmãos Ltda" if at == 2 else _PEOPLE[(at + ord(prefix[0])) % len(_PEOPLE)],
                document=document,
                email="" if at == 1 else f"devedor{at}@exemplo.com.br",
                amount=Decimal(f"{150 * (at + 1)}.{10 * at + 5:02}"),
                due=date(2025, 1 + at, 10 + at),
            )
        )
    return debts


def _faulty(prefix: str) -> list[Debt]:
    """Return debts with one fault each; the comment is the reason in quarentena."""
    sound = Debt(
        f"{prefix}-2001",
        "Bia Torres",
        cpf(734_112_905),
        "bia@exemplo.com.br",
        Decimal("99.90"),
        date(2026, 2, 3),
    )
    faults = [
        replace(sound, key=""),  # id_divida:missing
        replace(sound, name=""),  # nome_devedor:missing
        replace(sound, document="73411290500"),  # documento_devedor:wrong_check_digit
        replace(sound, document="11111111111"),  # documento_devedor:repeated_digits
        replace(sound, document="ISENTO"),  # documento_devedor:not_a_document
        replace(sound, amount="a combinar"),  # valor_divida:not_a_number
        replace(sound, amount=Decimal("0.00")),  # valor_divida:not_positive
        replace(sound, due="31022026"),  # data_vencimento:not_a_date
        replace(sound, due=date(2098, 1, 31)),  # data_vencimento:after_reception
    ]
    return [replace(debt, key=debt.key and f"{prefix}-{2001 + at}") for at, debt in enumerate(faults)]


def _odd(prefix: str) -> list[Debt]:
    """Return debts that are accepted with a remark: prescribed, an e-mail that is none, lost zeros."""
    return [
        Debt(f"{prefix}-3001", "Davi Luz", cpf(412_907_336), "", Decimal("1234.56"), date(2019, 5, 20)),
        Debt(
            f"{prefix}-3002",
            "Nina Reis",
            cpf(655_201_873),
            "nina(a)exemplo",
            Decimal("80.00"),
            date(2026, 1, 9),
        ),
        Debt(
            f"{prefix}-3003", "Téo Lins", cpf(9_876_543).lstrip("0"), "", Decimal("45.10"), date(2025, 12, 1)
        ),
    ]


def _text(value: Decimal | date | str, of_date: str, of_amount: str = "{}") -> str:
    if isinstance(value, date):
        return value.strftime(of_date)
    return of_amount.format(value) if isinstance(value, Decimal) else value


def _brazilian(value: Decimal | str) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,")) if isinstance(value, Decimal) else value


def _delimited(rows: list[list[str]], delimiter: str, end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def standard(client: str, debts: list[Debt]) -> bytes:
    """The standard layout."""
    rows = [
        [client, d.key, d.name, d.document, d.email, _text(d.amount, ""), _text(d.due, "%Y-%m-%d")]
        for d in debts
    ]
    return _delimited([STANDARD.split(","), *rows], ",").encode()


def semicolons(debts: list[Debt]) -> bytes:
    """Windows-1252, semicolons, decimal commas, DD/MM/YYYY, documents with punctuation."""
    rows = [
        [d.key, d.name, _punctuated(d.document), d.email, _brazilian(d.amount), _text(d.due, "%d/%m/%Y")]
        for d in debts
    ]
    header = ["Contrato", "Cliente", "CPF/CNPJ", "E-mail", "Valor (R$)", "Vencimento"]
    return _delimited([header, *rows], ";", "\r\n").encode("cp1252")


def _punctuated(document: str) -> str:
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    if len(document) == 14:
        return f"{document[:2]}.{document[2:5]}.{document[5:8]}/{document[8:12]}-{document[12:]}"
    return document


def sheet(debts: list[Debt]) -> bytes:
    """A spreadsheet with a title, an empty row, real numbers and dates, and a total below."""
    out = io.BytesIO()
    total = sum(d.amount for d in debts if isinstance(d.amount, Decimal))
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False}) as book:
        book.set_properties({"created": datetime(2026, 1, 1)})
        page = book.add_worksheet("Carteira")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        page.write(0, 0, "Carteira em atraso")
        page.write_row(2, 0, ["Nº do título", "Razão social", "CPF ou CNPJ", "Saldo devedor", "Vencimento"])
        for at, d in enumerate(debts, start=3):
            page.write_row(at, 0, [d.key, d.name])
            # A number, as people type it: the sheet drops its zeros on the left.
            if d.document.isdigit():
                page.write_number(at, 2, int(d.document))
            else:
                page.write_string(at, 2, d.document)
            if isinstance(d.amount, Decimal):
                page.write_number(at, 3, float(d.amount))
            else:
                page.write_string(at, 3, d.amount)
            if isinstance(d.due, date):
                page.write_datetime(at, 4, datetime(d.due.year, d.due.month, d.due.day), day)
            else:
                page.write_string(at, 4, d.due)
        page.write_row(len(debts) + 3, 0, ["TOTAL", "", "", float(total)])
    return out.getvalue()


def fixed_width(debts: list[Debt], declared_rows: int | None = None) -> bytes:
    """Records of 120 characters with implied decimals; the trailer has their number and their sum."""
    records, total = ["0COBRANCA".ljust(120)], 0
    for d in debts:
        cents = int(d.amount * 100) if isinstance(d.amount, Decimal) else 0
        total += cents
        amount = f"{cents:015}" if isinstance(d.amount, Decimal) else f"{d.amount:<15}"
        due = f"{_text(d.due, '%d%m%Y'):<8}"
        records.append(f"1{d.key:<12}{d.name:<40}{d.document:<14}{amount}{due}".ljust(120))
    count = len(debts) if declared_rows is None else declared_rows
    records.append(f"9{count:06}{total:015}".ljust(120))
    return ("\r\n".join(records) + "\r\n").encode("cp1252")


def json_lines(debts: list[Debt]) -> bytes:
    """One JSON object a line, keys in English."""
    lines = [
        {
            "contractId": d.key,
            "debtor": {"": None}.get(d.name, d.name),
            "taxId": d.document,
            "mail": d.email or None,
            "amount": float(d.amount) if isinstance(d.amount, Decimal) else d.amount,
            "dueDate": _text(d.due, "%Y-%m-%d"),
        }
        for d in debts
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()


def pipes(debts: list[Debt]) -> bytes:
    """Pipes, a comment before the header, other words for each column, a trailer with number and sum."""
    rows = [
        [d.key, d.name, d.document, d.email, _brazilian(d.amount), _text(d.due, "%d.%m.%Y"), "loja 7"]
        for d in debts
    ]
    header = ["Cód.", "Sacado", "Inscrição", "Contato", "Vlr devido", "Dt. venc.", "Obs."]
    total = sum(d.amount for d in debts if isinstance(d.amount, Decimal))
    end = [["TOTAL", str(len(debts)), _brazilian(total)]]
    return ("# exportado pelo sistema\n" + _delimited([header, *rows, *end], "|")).encode()


def without_header(debts: list[Debt]) -> bytes:
    """Tabs and no header, dates and amounts as an American system writes them."""
    rows = [
        [_text(d.due, "%m/%d/%Y"), d.key, d.document, d.name, _text(d.amount, "", "{:,.2f}")] for d in debts
    ]
    return _delimited(rows, "\t").encode()


def client_files(clean: bool = False) -> dict[str, bytes]:
    """Return the first file of each client by its name under the inbox.

    Args:
        clean: Without lines that are rejected.
    """

    def all_of(prefix: str) -> list[Debt]:
        good = _good(prefix)
        return good + _odd(prefix) + ([] if clean else _faulty(prefix) + good[:1])

    aurora, eclipse, faro = standard("aurora", all_of("AU")), json_lines(all_of("EC")), pipes(all_of("FA"))
    if not clean:
        # id_cliente_credor:other_client, then row:wrong_number_of_columns
        other = standard("boreal", _good("AU", 1)).partition(b"\n")[2].replace(b"AU-1001", b"AU-4001")
        aurora += other + b"aurora,AU-4002,Rui Costa\n"
        # row:not_json, row:repeated_key
        eclipse += (
            b'{"contractId": "EC-4001", "amount": \n{"contractId": "EC-4002", "contractId": "EC-4003"}\n'
        )
        # row:wrong_number_of_columns
        faro = faro.replace(b"\nTOTAL|19|", b"\nFA-4001|Rui Costa|1|2|3|4|5|6\nTOTAL|20|")
    return {
        "cobranca/aurora/dividas.csv": aurora,
        "cobranca/boreal/contratos.csv": semicolons(all_of("BO")),
        "cobranca/cirrus/carteira.xlsx": sheet(all_of("CI")),
        "cobranca/delta/remessa.txt": fixed_width(all_of("DE")),
        "cobranca/eclipse/debts.jsonl": eclipse,
        "cobranca/faro/export.txt": faro,
        "cobranca/gaivota/ar.tsv": without_header(all_of("GA")),
    }


def _later_files() -> dict[str, bytes]:
    """Return what the clients send two weeks later: versions, corrections, a trailer that lies."""
    good = _good("AU")
    again = [
        good[0],
        replace(good[1], amount=Decimal("412.00")),
        replace(good[3], due=date(2025, 6, 30)),
        replace(good[4], document=_punctuated(good[4].document)),
        Debt("AU-5001", "Ivo Dias", cpf(88_123_004), "", Decimal("700.00"), date(2026, 3, 1)),
    ]
    # The rejects of the first batch as they went back, two of them corrected.
    corrected = [replace(debt, document=cpf(734_112_905)) for debt in _faulty("BO")[2:4]]
    header, *rows = semicolons([*corrected, _faulty("BO")[4]]).decode("cp1252").splitlines()
    marked = [f"{row};{line};documento inválido" for line, row in enumerate(rows, start=13)]
    returned = "\r\n".join([f"{header};linha_original;motivo", *marked]) + "\r\n"
    return {
        "cobranca/aurora/dividas_2.csv": standard("aurora", again),
        "cobranca/boreal/rejeitadas_boreal-20260701-0001.csv": returned.encode("cp1252"),
        # total_divergente
        "cobranca/delta/remessa_2.txt": fixed_width(_good("DE", 4), declared_rows=5),
        # arquivo_duplicado
        "cobranca/eclipse/debts (1).jsonl": client_files()["cobranca/eclipse/debts.jsonl"],
    }


class _Clock:
    """A clock that moves on by a quarter of a second each time it is read."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=0.25)
        return self.time


def write(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> Iterator[Path]:
    """Receive the clients' files in two waves, and write the raw files and the events that the gate makes.

    Args:
        con: Not used.
        folder: The folder to write to; the events go to that of `recebimento` beside it.
        sample: What to generate; its size and its dates change nothing here.

    Yields:
        Each file, when it is written.
    """
    with tempfile.TemporaryDirectory(prefix="lastro_sample_") as scratch:
        places = Places.at(*(f"{scratch}/{name}" for name in ("inbox", "received", "quarantine", "raw")))
        waves = [(_FIRST, client_files(sample.clean))] + ([] if sample.clean else [(_SECOND, _later_files())])
        for start, files in waves:
            clock = _Clock(start)
            gate = Gate(places, now=clock)
            for name, content in files.items():
                places.inbox.write(name, content)
            gate.run(gate.waiting(settle_seconds=0))
            if start == _FIRST:
                _close(gate, clock)
        raw = Path(scratch) / "raw"
        for path in sorted((raw / "cobranca" / "dividas").iterdir()):
            target = folder / "dividas" / path.name
            target.write_bytes(path.read_bytes())
            yield target
        yield from _write_events(raw / EVENTS, folder.parent / EVENTS)


def _close(gate: Gate, clock: _Clock) -> None:
    """Close the batches of the first wave ten minutes later, as `lastro settle` does after a build."""
    clock.time += timedelta(seconds=600)
    for id_lote, events in gate.events.of_day(clock.time.date()).items():
        gate.events.add(id_lote, "processando", _SETTLE)
        raw = gate.places.raw.read(events[-1].dados["destino"])
        keys = [row["id_divida"] for row in csv.DictReader(io.StringIO((raw or b"").decode()))]
        failed = sum(not _IS_SOUND.fullmatch(key) for key in keys)
        closing = {
            "linhas_recebidas": len(keys),
            "linhas_processadas": len(keys) - failed,
            "linhas_com_falha": failed,
        }
        clock.time += timedelta(seconds=9)
        gate.events.add(id_lote, "concluido_com_rejeicoes" if failed else "concluido", closing | _SETTLE)


def _write_events(events: Path, folder: Path) -> Iterator[Path]:
    """Write the events of each batch to one file."""
    for day in sorted(events.iterdir()):
        batches: dict[str, list[str]] = {}
        for path in sorted(day.iterdir()):
            batches.setdefault(path.name.rsplit("-", 2)[0], []).append(path.read_text(encoding="utf-8"))
        for id_lote, lines in batches.items():
            target = folder / day.name / f"{id_lote}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            append(target, [line.rstrip("\n") for line in lines])
            yield target
