"""What clients may know of their batches: the fold of events, and what a published build judged."""

from __future__ import annotations

from datetime import date, timedelta

from lastro.reasons import read_reasons
from lastro.receive.events import CLOSINGS, FIRST_STATUS, Event, status_of
from lastro.receive.layout import clean_client
from lastro.serve.desk import Desk, Draft, belongs
from lastro.serve.problems import not_found
from lastro.serve.published import Published

OPEN, SENT = "aberto", "enviado"
# Before any build, and after one, a batch may be in these; the build knows more.
_BEFORE_JUDGEMENT = ("aceito", "processando", "falhou")


class Tracking:
    """The batches of clients, each client's own only."""

    def __init__(self, desk: Desk, published: Published) -> None:
        """Read drafts and events from the desk, and judgements from what was published."""
        self.desk = desk
        self.published = published

    def find(self, client: str, id_lote: str) -> dict[str, object]:
        """Return one batch.

        Raises:
            Problem: The client has no such batch.
        """
        found = self._seek(client, id_lote)
        if found is None:
            raise not_found(id_lote)
        return found

    def list(self, client: str, since: date, until: date) -> list[dict[str, object]]:
        """Return the batches whose numbers have these days, and all that wait, the newest first."""
        # A batch goes from the desk to the gate. Asked in this order, none is overlooked on its way.
        waiting = self.desk.waiting(client)
        found = {}
        for days in range((until - since).days + 1):
            found |= self.desk.events.of_sender(since + timedelta(days=days), clean_client(client))
        judged = self.published.lotes(list(found))
        shown = [self._shown(id_lote, events, judged) for id_lote, events in found.items()]
        sought = [self._seek(client, id_lote) for id_lote in waiting if id_lote not in found]
        shown += [lote for lote in sought if lote]
        return sorted(shown, key=lambda lote: _age(str(lote["id_lote"])), reverse=True)

    def events(self, client: str, id_lote: str) -> list[Event]:
        """Return the events of a batch; none if it is another client's."""
        return self.desk.events.of_batch(id_lote) if belongs(id_lote, client) else []

    def _seek(self, client: str, id_lote: str) -> dict[str, object] | None:
        """Return one batch, wherever it is, or None."""
        # A batch that moves on between two looks is found at the second try.
        for _ in range(2):
            events = self.events(client, id_lote)
            if events:
                return self._shown(id_lote, events, self.published.lotes([id_lote]))
            found = self._waiting(client, id_lote)
            if found:
                return found
        return None

    def _waiting(self, client: str, id_lote: str) -> dict[str, object] | None:
        """Return a batch that the gate has not seen, or None."""
        sent = self.desk.batches.sending_of(id_lote) if belongs(id_lote, client) else None
        if sent:
            return _lote(id_lote, SENT, canal=sent["canal"], arquivo=_name(str(sent["arquivo"])))
        draft = self.desk.look(client, id_lote)
        return _of_draft(draft) if draft else None

    def _shown(
        self, id_lote: str, events: list[Event], judged: dict[str, dict[str, object]]
    ) -> dict[str, object]:
        said = {key: value for event in events for key, value in event.dados.items()}
        status, counts = status_of(events), judged.get(id_lote, {})
        if status in _BEFORE_JUDGEMENT and counts.get("status") in CLOSINGS:
            status = str(counts["status"])
        words = read_reasons("pt_BR").get(said.get("motivo", ""))
        received = next((event for event in events if event.evento == "recebido"), None)
        return _lote(
            id_lote,
            SENT if status == FIRST_STATUS else status,
            canal=said.get("canal"),
            arquivo=_name(said["arquivo"]) if "arquivo" in said else None,
            recebido_em=received.ocorrido_em if received else None,
            linhas=int(said["linhas"]) if "linhas" in said else None,
            linhas_processadas=counts.get("linhas_processadas"),
            linhas_com_falha=counts.get("linhas_com_falha"),
            valor_recebido=_text(counts.get("valor_recebido")),
            valor_processado=_text(counts.get("valor_processado")),
            motivo=said.get("motivo"),
            mensagem=f"{words.meaning} {words.remedy}" if words else None,
            lote_original=said.get("lote_original"),
        )


def _of_draft(draft: Draft) -> dict[str, object]:
    return _lote(
        draft.id_lote, OPEN, canal=draft.channel or None, arquivo=draft.file, linhas=draft.rows or None
    )


def _lote(id_lote: str, status: str, **known: object) -> dict[str, object]:
    keys = (
        *("canal", "arquivo", "recebido_em", "linhas", "linhas_processadas", "linhas_com_falha"),
        *("valor_recebido", "valor_processado", "motivo", "mensagem", "lote_original"),
    )
    return {"id_lote": id_lote, "status": status, **{key: known.get(key) for key in keys}}


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _text(amount: object) -> str | None:
    return None if amount is None else str(amount)


def _age(id_lote: str) -> tuple[str, int]:
    _, day, number = id_lote.rsplit("-", 2)
    return day, int(number)
