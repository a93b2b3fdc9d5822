"""What the API and the page share: keys, the desk, tracking, a preview of the judgement, rejected lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lastro.export.rejects import write_rejects
from lastro.receive.events import CLOSINGS
from lastro.receive.formats import Format, read_formats
from lastro.receive.gate import Gate
from lastro.receive.judge import Accepted
from lastro.receive.manage import cancel
from lastro.receive.refusal import Refused
from lastro.receive.suggest.check import name_in_inbox
from lastro.serve.clients import Clients
from lastro.serve.desk import Desk
from lastro.serve.limits import Rates
from lastro.serve.problems import Problem
from lastro.serve.published import Published
from lastro.serve.rehearse import Rehearsal, rehearse
from lastro.serve.settings import Settings
from lastro.serve.tracking import Tracking

_BURST_SECONDS = 20


class Office:
    """Everything behind the front door."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Set it up.

        Args:
            settings: Places and limits.
            now: The time.
        """
        self.settings = settings
        self.now = now
        self.clients = Clients(settings.clients, now)
        self.desk = Desk(settings.drafts, settings.places, now)
        self.published = Published(settings.published)
        self.tracking = Tracking(self.desk, self.published)
        self.rates = Rates(settings.calls_a_second, settings.calls_a_second * _BURST_SECONDS)

    def preview(self, client: str, path: Path, name: str, formats: list[Format] | None = None) -> Rehearsal:
        """Judge a file as the gate and a build would, and keep nothing.

        Args:
            client: Whose file it is.
            path: The file.
            name: Its name, without a folder.
            formats: The formats to judge by; the saved ones by default.

        Raises:
            Refused: The gate would refuse it.
            Problem: No build was published, so nobody knows the rules.
        """
        if self.published.build() is None:
            raise Problem(
                503,
                "sem_publicacao",
                "As regras ainda não foram publicadas.",
                "Tente mais tarde. O operador roda `lastro publish` depois de `dbt build`.",
            )
        found: list[Rehearsal] = []

        def judge_rows(accepted: Accepted) -> None:
            found.append(rehearse(self.published, accepted, client, self.now().date()))

        agreed = read_formats(self.settings.formats) if formats is None else formats
        gate = Gate(self.settings.places, formats=agreed, now=self.now)
        gate.dry_run(path, name_in_inbox(self.desk.table, client, name), judge_rows)
        if len(found) != 1:
            raise Refused("arquivo_aninhado", f"the archive has {len(found)} files. Send one of them.")
        return found[0]

    def cancel(self, client: str, id_lote: str, reason: str) -> None:
        """Cancel a batch of a client.

        Raises:
            Problem: There is no such batch, or it is done.
        """
        status = self.tracking.find(client, id_lote)["status"]
        if status == "cancelado":
            return
        lote = self.published.lotes([id_lote]).get(id_lote)
        judged = {id_lote: (str(lote["status"]), None)} if lote and lote["status"] in CLOSINGS else {}
        try:
            cancel(self.desk.batches, judged, id_lote, reason)
        except ValueError:
            raise Problem(
                409,
                "lote_encerrado",
                f"O lote {id_lote} não pode mais ser cancelado: {status}.",
                "Um lote encerrado fica como está. Mande as dívidas corrigidas num lote novo.",
            ) from None
        self.desk.withdraw(client, id_lote)

    def rejected_file(self, client: str, id_lote: str, folder: Path) -> Path:
        """Write the rejected lines of a batch in its client's layout, and return the file.

        Raises:
            Problem: There is no such batch, no build judged it, nothing was rejected, or its file is gone.
        """
        self.refuse_unjudged(client, id_lote)
        wrong = self.published.wrong(id_lote)
        if not wrong:
            raise Problem(404, "sem_rejeicoes", "Nenhuma linha foi rejeitada.", "Não há nada a corrigir.")
        raw, received = self.settings.places.raw.address, self.settings.places.received.address
        formats = read_formats(self.settings.formats)
        try:
            path, _ = write_rejects(wrong, raw, received, id_lote, folder, formats)
        except (ValueError, RuntimeError):
            raise Problem(
                410,
                "arquivo_indisponivel",
                f"O arquivo do lote {id_lote} já não está guardado, ou mudou o formato dele.",
                "Consulte as linhas em GET /v1/lotes/{id}/rejeicoes.",
            ) from None
        return path

    def refuse_unjudged(self, client: str, id_lote: str) -> None:
        """Raise a Problem unless a published build has judged a client's batch."""
        status = self.tracking.find(client, id_lote)["status"]
        if status not in ("concluido", "concluido_com_rejeicoes"):
            raise Problem(
                409,
                "lote_nao_julgado",
                f"As linhas do lote {id_lote} ainda não foram julgadas: {status}.",
                "Consulte GET /v1/lotes/{id} e tente de novo quando o lote estiver concluído.",
            )

    def tidy(self) -> None:
        """End what a killed server left, and cancel batches that were open for too long."""
        self.desk.mend()
        for client, id_lote in self.desk.expired():
            self.cancel(client, id_lote, "lote_expirado")
