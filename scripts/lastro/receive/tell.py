"""Tell senders how their batches ended: each closing, by each sender of notifications."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from lastro.contract import RawTable
from lastro.notify.deliver import deliver
from lastro.notify.message import Closing, Message
from lastro.notify.senders import Sender
from lastro.notify.settings import configured_senders
from lastro.receive.batches import Batches
from lastro.receive.events import CLOSINGS, Event

# Files below this are too small to judge by a percentage; dbt's test of limits says the same.
_FEW_ROWS = 100


def tell_senders(
    batches: Batches, tables: Sequence[RawTable], senders: Sequence[Sender] | None = None
) -> list[str]:
    """Send what is still untold, and return one line for each message that was not delivered.

    A message is sent at least once: the note of an untold batch goes only after the event `notificado` of
    each of its senders is written.

    Args:
        batches: Where the untold batches stand.
        tables: The raw tables, with the limits of rejected rows.
        senders: The senders; those that LASTRO_NOTIFY names by default.
    """
    untold = batches.untold()
    if not untold:
        return []
    senders = configured_senders() if senders is None else senders
    events = {id_lote: batches.events.of_batch(id_lote) for id_lote in untold}
    closings = {id_lote: found for id_lote in untold if (found := _closing(events[id_lote], tables))}
    sent = {
        (event.dados.get("id_notificacao", ""), event.dados.get("canal", ""))
        for known in events.values()
        for event in known
        if event.evento == "notificado"
    }

    def note(message: Message, sender: Sender) -> None:
        said = {"canal": sender.canal, "id_notificacao": message.id, "evento": message.evento}
        batches.events.add(message.id_lote, "notificado", said, changes_status=False)

    failures = deliver(closings.values(), senders, sent, note)
    for id_lote, closing in closings.items():
        mine = [sender for sender in senders if not sender.clients or closing.id_cliente in sender.clients]
        told = {
            event.dados.get("canal")
            for event in batches.events.of_batch(id_lote)
            if event.evento == "notificado" and event.sequencia > closing.sequencia
        }
        if all(sender.canal in told for sender in mine):
            batches.told(id_lote, closing.sequencia)
    return failures


def _closing(events: list[Event], tables: Sequence[RawTable]) -> Closing | None:
    """Return the facts of a batch that ended, or None if its closing is not written yet."""
    last = next((event for event in reversed(events) if event.evento in CLOSINGS), None)
    if last is None:
        return None
    known: dict[str, str] = {}
    for event in events:
        known |= event.dados if event.sequencia <= last.sequencia and event.evento != "notificado" else {}
    rows = {name: int(last.dados[name]) for name in _ROWS if name in last.dados}
    amounts = {name: Decimal(last.dados[name]) for name in _AMOUNTS if name in last.dados}
    message = last.dados.get("mensagem")
    if "lote_original" in last.dados:
        message = f"Lote original: {last.dados['lote_original']}."
    return Closing(
        id_lote=last.id_lote,
        sequencia=last.sequencia,
        evento=last.evento,
        ocorrido_em=datetime.fromisoformat(last.ocorrido_em),
        id_cliente=known.get("id_cliente", ""),
        arquivo=known.get("arquivo", ""),
        motivo=last.dados.get("motivo"),
        mensagem=message,
        linhas_recebidas=rows.get("linhas_recebidas"),
        linhas_processadas=rows.get("linhas_processadas"),
        linhas_com_falha=rows.get("linhas_com_falha"),
        valor_recebido=amounts.get("valor_recebido"),
        valor_processado=amounts.get("valor_processado"),
        avisos=tuple(filter(None, known.get("avisos", "").split(","))),
        share_over_limit=_share_over_limit(known, rows, tables),
    )


_ROWS = ("linhas_recebidas", "linhas_processadas", "linhas_com_falha")
_AMOUNTS = ("valor_recebido", "valor_processado")


def _share_over_limit(known: dict[str, str], rows: dict[str, int], tables: Sequence[RawTable]) -> str | None:
    said = known.get("source_name"), known.get("table_name")
    table = next((table for table in tables if (table.source, table.name) == said), None)
    total, failed = rows.get("linhas_recebidas", 0), rows.get("linhas_com_falha", 0)
    if table is None or total < _FEW_ROWS or failed * 100 <= total * table.rejected_percent:
        return None
    return f"Mais de {table.rejected_percent:g} % das linhas foram rejeitadas: verifique o arquivo inteiro."
