"""The gate's part of the sample: the events of the batches that brought the other files, and one check."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb

from lastro.sample.files import Sample, append, months_of

TABLES = ("eventos_lote", "verificacoes")

# How many of the newest files of each table came through the gate.
_FILES = {
    "cartoes/tb_faturas": 5,
    "cartoes/tb_pagamentos": 4,
    "cooperativa/associado": 1,
    "cooperativa/conta": 1,
    "cooperativa/cartao": 1,
    "cooperativa/movimentacao_cartao": 1,
    "mensageria/invoices": 3,
}
_INBOX = {"origem": "lastro receive"}
_SETTLE = {"origem": "lastro settle"}

# Lines added to the first batch, {i}, received at {t}. Each comment names the reason in quarentena.
_EVENT = '{{"id_lote": "{i}", "ocorrido_em": "{t}", "dados": {{}}, '
FAULTY_EVENTS = [
    _EVENT + '"sequencia": 7, "evento": ',  # row:not_json
    _EVENT + '"sequencia": 8, "evento": "perdido"}}',  # evento:unknown_event
    _EVENT + '"sequencia": 9.5, "evento": "notificado"}}',  # sequencia:not_a_whole_number
    _EVENT.replace("{i}", "lote 1") + '"sequencia": 1, "evento": "recebido"}}',  # id_lote:not_a_batch_id
    _EVENT.replace("{t}", "") + '"sequencia": 10, "evento": "notificado"}}',  # ocorrido_em:missing
]


class _Batch:
    """One batch, to which events are added in time."""

    def __init__(self, id_lote: str, received: datetime) -> None:
        self.id_lote = id_lote
        self.received = received
        self.now = received
        self.events: list[dict[str, Any]] = []

    def add(
        self, evento: str, dados: dict[str, str], after: float = 1.5, sequencia: int | None = None
    ) -> None:
        """Add an event that happens some seconds after the last one."""
        self.now += timedelta(seconds=after if self.events else 0)
        last = self.events[-1]["sequencia"] if self.events else 0
        self.events.append(
            {
                "id_lote": self.id_lote,
                "sequencia": sequencia or last + 1,
                "evento": evento,
                "ocorrido_em": self.now,
                "dados": dados,
            }
        )

    def write(self, folder: Path) -> Path:
        """Write the events to one file in the folder of the day of reception."""
        path = folder / f"dt={self.received:%Y-%m-%d}" / f"{self.id_lote}.json"
        path.parent.mkdir(exist_ok=True)
        append(path, [_line(event) for event in self.events])
        return path


class _Gate:
    """Gives each batch its id: sender, day and number of the day."""

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.batches: list[_Batch] = []

    def open(self, sender: str, received: datetime) -> _Batch:
        """Start a batch without events."""
        name = f"{sender}-{received:%Y%m%d}"
        self.numbers[name] += 1
        self.batches.append(_Batch(f"{name}-{self.numbers[name]:04}", received))
        return self.batches[-1]

    def receive(self, sender: str, received: datetime, arquivo: str, content: str, size: int) -> _Batch:
        """Start a batch with a file from the inbox, which is then judged."""
        batch = self.open(sender, received)
        batch.add(
            "recebido",
            {
                "arquivo": arquivo,
                "canal": "arquivo",
                "id_cliente": sender,
                "conteudo_sha256": content,
                "tamanho_bytes": str(size),
            }
            | _INBOX,
        )
        batch.add("em_validacao", _INBOX, after=0.25)
        return batch


def write(con: duckdb.DuckDBPyConnection, folder: Path, sample: Sample) -> Iterator[Path]:
    """Write a file of events per batch, and the check of one day.

    Args:
        con: Not used.
        folder: The folder to write to; the files of the other domains are beside it.
        sample: What to generate.

    Yields:
        Each file, when it is written.
    """
    gate = _Gate()
    published = _published(gate, folder.parent, months_of(sample)[-1])
    _close(published, sample)
    _write_special(gate, published, months_of(sample)[-1])
    for batch in gate.batches:
        path = batch.write(folder / "eventos_lote")
        if batch is gate.batches[0] and not sample.clean:
            _add_defects(path, batch)
        yield path
    yield _write_check(folder / "verificacoes", months_of(sample))


def _add_defects(path: Path, batch: _Batch) -> None:
    """Write the last event before all others with another time, again after them, then the faulty lines."""
    last = batch.events[-1]
    superseded = _line(last | {"ocorrido_em": batch.received})
    faulty = [line.format(i=batch.id_lote, t=_time(batch.received)) for line in FAULTY_EVENTS]
    path.write_text(superseded + "\n" + path.read_text(encoding="utf-8"), encoding="utf-8", newline="")
    append(path, [_line(last), *faulty])


def _line(event: dict[str, Any]) -> str:
    return json.dumps(event | {"ocorrido_em": _time(event["ocorrido_em"])}, ensure_ascii=False)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def _published(gate: _Gate, raw: Path, month: date) -> list[_Batch]:
    """Return a batch for each of the newest raw files, accepted with what the file really holds."""
    batches = []
    for number, (table, count) in enumerate(_FILES.items()):
        sender, name = table.split("/")
        files = sorted((raw / table).iterdir())[-count:]
        for age, path in enumerate(reversed(files)):
            received = datetime(month.year, month.month, 5, 11, 10 * (number % 6), 7, 123456) - timedelta(
                days=30 * age
            )
            digest, lines, encoding = _digest(path)
            batch = gate.receive(sender, received, f"{sender}/{path.name}", digest, path.stat().st_size)
            batch.add(
                "aceito",
                {
                    "source_name": sender,
                    "table_name": name,
                    "destino": f"{table}/{path.name}",
                    "raw_sha256": digest,
                    "formato": "csv",
                    "versao_formato": "1",
                    "codificacao": encoding,
                    "linhas": str(lines),
                    "sub_lotes": "1",
                }
                | _INBOX,
                after=0.75 + lines / 100,
            )
            batches.append(batch)
    return batches


def _digest(path: Path) -> tuple[str, int, str]:
    """Return the SHA-256 of a CSV file, its lines below the header and its encoding, in constant memory."""
    digest, lines = sha256(), -1
    with path.open("rb") as file:
        first = file.read(4096)
        file.seek(0)
        while block := file.read(1 << 20):
            digest.update(block)
            lines += block.count(b"\n")
    if first.startswith(b"\xff\xfe"):
        return digest.hexdigest(), lines, "utf-16"
    try:
        first.rpartition(b"\n")[0].decode()
    except UnicodeDecodeError:
        return digest.hexdigest(), lines, "cp1252"
    return digest.hexdigest(), lines, "utf-8"


def _close(batches: list[_Batch], sample: Sample) -> None:
    """Settle every second batch whose file has no rejected row, and notify its sender."""
    # The second month and the other domains' files have faulty rows; there the dispositions say how it ended.
    faulty = f"{months_of(sample)[1]:%Y%m}"
    for batch in batches[1::2]:
        accepted = batch.events[-1]["dados"]
        if not sample.clean and (accepted["source_name"] != "cartoes" or faulty in accepted["destino"]):
            continue
        batch.add("processando", _SETTLE, after=600)
        closing = {
            "linhas_recebidas": accepted["linhas"],
            "linhas_processadas": accepted["linhas"],
            "linhas_com_falha": "0",
        }
        batch.add("concluido", closing | _SETTLE, after=42)
        # The notifier does not know what number the next event has: its own has the same one.
        batch.add(
            "notificado",
            {"canal": "console", "id_notificacao": f"msg-{batch.id_lote}", "evento": "concluido"} | _SETTLE,
            after=0.5,
            sequencia=batch.events[-1]["sequencia"],
        )


def _write_special(gate: _Gate, published: list[_Batch], month: date) -> None:
    """Add the batches that did not go straight into the raw folder."""
    day = datetime(month.year, month.month, 6, 9, 30)
    nowhere = gate.receive("cartoes", day, "cartoes/relatorio.csv", sha256(b"relatorio").hexdigest(), 9)
    nowhere.add(
        "recusado",
        {"motivo": "arquivo_sem_destino", "mensagem": "Nenhuma tabela espera este arquivo."} | _INBOX,
    )
    broken = gate.receive(
        "cartoes", day, "cartoes/tb_faturas_999999.csv", sha256(b"999999").hexdigest(), 2048
    )
    broken.add(
        "recusado",
        {
            "motivo": "codificacao_desconhecida",
            "mensagem": "O byte 0x81 na posição 1047 não é texto.",
            "source_name": "cartoes",
            "table_name": "tb_faturas",
        }
        | _INBOX,
        after=3,
    )
    first = published[0].events[0]["dados"]
    again = gate.receive(
        "cartoes", day, first["arquivo"], first["conteudo_sha256"], int(first["tamanho_bytes"])
    )
    table = {key: published[0].events[2]["dados"][key] for key in ("source_name", "table_name")}
    again.add(
        "duplicado",
        {"motivo": "arquivo_duplicado", "lote_original": published[0].id_lote} | table | _INBOX,
    )
    stopped = gate.receive("cartoes", day, "cartoes/teste.csv", sha256(b"teste").hexdigest(), 5)
    stopped.add("cancelado", {"motivo": "enviado por engano", "origem": "lastro batch"}, after=20)
    never = gate.open("cooperativa", day)
    never.add("cancelado", {"motivo": "o arquivo não virá", "origem": "lastro batch"})
    # A file was refused, and taken again when the rule was corrected.
    retried = published[3]
    refused = {"motivo": "cabecalho_invalido", "mensagem": "Falta a coluna valor_fatura."} | _INBOX
    for event in retried.events[2:]:
        event["sequencia"] += 2
        event["ocorrido_em"] += timedelta(hours=3)
    judged = retried.events[1]
    retried.events[2:2] = [
        judged
        | {
            "sequencia": 3,
            "evento": "recusado",
            "ocorrido_em": judged["ocorrido_em"] + timedelta(seconds=2),
            "dados": refused,
        },
        judged
        | {
            "sequencia": 4,
            "evento": "retomado",
            "ocorrido_em": judged["ocorrido_em"] + timedelta(hours=3),
            "dados": {"origem": "lastro batch"},
        },
    ]
    # The newest file of invoices replaced a version that a build had judged.
    newest = published[0]
    old = gate.receive(
        "cartoes", newest.received - timedelta(days=1), first["arquivo"], sha256(b"v1").hexdigest(), 4321
    )
    accepted = newest.events[2]["dados"] | {"raw_sha256": sha256(b"v1").hexdigest(), "linhas": "150"}
    old.add("aceito", accepted | {"valor": "98765.43"})
    old.add(
        "concluido_com_rejeicoes",
        {
            "linhas_recebidas": "150",
            "linhas_processadas": "148",
            "linhas_com_falha": "2",
            "valor_recebido": "98765.43",
            "valor_processado": "97531.08",
        }
        | _SETTLE,
        after=900,
    )
    newest.events[2]["dados"] = newest.events[2]["dados"] | {"substitui": old.id_lote}


def _write_check(folder: Path, months: list[date]) -> Path:
    """Write one day's check: a file that came, one not due, one late, one that nobody expects."""
    *_, before, last = months
    day = last.replace(day=12)
    path = folder / f"dt={day}" / "verificacao.json"
    path.parent.mkdir(exist_ok=True)
    append(
        path,
        [
            json.dumps(
                {
                    "verificado_em": str(day),
                    "source_name": source,
                    "table_name": table,
                    "periodo": str(period),
                    "vence_em": due and str(due),
                    "situacao": situation,
                    "arquivo": name,
                }
            )
            for source, table, period, due, situation, name in [
                (
                    "cartoes",
                    "tb_faturas",
                    before,
                    last.replace(day=5),
                    "no_prazo",
                    f"cartoes/tb_faturas/tb_faturas_{before:%Y%m}.csv",
                ),
                ("cartoes", "tb_faturas", last, last.replace(day=28), "pendente", None),
                ("mensageria", "invoices", last, last.replace(day=8), "atrasado", None),
                (
                    "cartoes",
                    "tb_pagamentos",
                    last,
                    None,
                    "inesperado",
                    f"cartoes/tb_pagamentos/tb_pagamentos_{last:%Y%m}.csv",
                ),
            ]
        ],
    )
    return path
