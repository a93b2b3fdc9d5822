"""What happened to each batch: events under the raw root, and the status that follows from them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

from lastro import PROJECT
from lastro.receive.roots import Root

FOLDER = "recebimento/eventos_lote"
# Every allowed change of status; dbt loads the same file, so the mart and the command line cannot differ.
TRANSITIONS = PROJECT / "seeds" / "recebimento" / "estados_lote.csv"
FIRST_STATUS = "inicio"
CLOSINGS = ("recusado", "duplicado", "concluido", "concluido_com_rejeicoes", "falhou", "cancelado")
BATCH_ID = re.compile(r"(?P<sender>[A-Za-z0-9_-]+)-(?P<day>[0-9]{8})-(?P<number>[0-9]{4,})")


@dataclass(frozen=True)
class Event:
    """One event of a batch; `dados` holds only text."""

    id_lote: str
    sequencia: int
    evento: str
    ocorrido_em: str
    dados: dict[str, str]

    @property
    def order(self) -> tuple[int, str, str]:
        """What events of a batch are ordered by: two writers may have taken the same number."""
        return self.sequencia, self.ocorrido_em, self.evento


@cache
def transitions() -> dict[tuple[str, str], str]:
    """Return the status that follows from a status and an event; what is not listed changes nothing."""
    with TRANSITIONS.open(encoding="utf-8", newline="") as file:
        return {(row["status_atual"], row["evento"]): row["status"] for row in csv.DictReader(file)}


def status_of(events: Iterable[Event]) -> str:
    """Fold the events of one batch into its status."""
    status = FIRST_STATUS
    for event in sorted(events, key=lambda event: event.order):
        status = transitions().get((status, event.evento), status)
    return status


def day_of(id_lote: str) -> date:
    """Return the day on which a batch was received, which stands in its id.

    Raises:
        ValueError: It is not the id of a batch.
    """
    match = BATCH_ID.fullmatch(id_lote)
    try:
        return datetime.strptime(match["day"], "%Y%m%d").date() if match else _refuse(id_lote)
    except ValueError:
        return _refuse(id_lote)


def _refuse(id_lote: str) -> date:
    raise ValueError(
        f"{id_lote!r} is not the id of a batch, such as cartoes-20240205-0001. List them: lastro batch list."
    )


class Events:
    """The events under a raw root, in one folder for each day of reception."""

    def __init__(self, raw: Root, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Read and write below this root; `now` gives the time of an event."""
        self.raw = raw
        self.now = now

    def of_batch(self, id_lote: str) -> list[Event]:
        """Return the events of a batch, in their order."""
        events = self._read(f"{_folder(day_of(id_lote))}/{id_lote}")
        return [event for event in events if event.id_lote == id_lote]

    def of_day(self, day: date) -> dict[str, list[Event]]:
        """Return the events of every batch received on a day, by its id."""
        batches: dict[str, list[Event]] = {}
        for event in self._read(f"{_folder(day)}/"):
            batches.setdefault(event.id_lote, []).append(event)
        return dict(sorted(batches.items()))

    def of_sender(self, day: date, sender: str) -> dict[str, list[Event]]:
        """Return the events of the batches of one sender received on a day, by its id; others are not read.

        Args:
            day: The day.
            sender: The sender as it stands in the ids of its batches.
        """
        batches: dict[str, list[Event]] = {}
        for event in self._read(f"{_folder(day)}/{sender}-{day:%Y%m%d}-"):
            batches.setdefault(event.id_lote, []).append(event)
        return dict(sorted(batches.items()))

    def days(self) -> Iterator[date]:
        """Yield the days on which something was received, the newest first."""
        for name in reversed(self.raw.folders(f"{FOLDER}/")):
            yield date.fromisoformat(name.removeprefix("dt="))

    def allows(self, status: str, evento: str) -> bool:
        """Return whether an event may follow a status."""
        return (status, evento) in transitions()

    def add(self, id_lote: str, evento: str, dados: dict[str, object], changes_status: bool = True) -> bool:
        """Write an event if the batch's status allows it, and return whether it did.

        A gate that repeats the work of a dead one finds that the events are there, and writes none twice.

        Args:
            id_lote: The batch.
            evento: What happened, as the seed of transitions names it.
            dados: What is known of it; values become text, and those that are None are left out.
            changes_status: False for an event that may stand in any status, such as `notificado`.
        """
        known = self.of_batch(id_lote)
        if changes_status and not self.allows(status_of(known), evento):
            return False
        number = max((event.sequencia for event in known), default=0) + 1
        said = {
            "id_lote": id_lote,
            "sequencia": number,
            "evento": evento,
            "ocorrido_em": self.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "dados": {key: str(value) for key, value in dados.items() if value is not None},
        }
        name = f"{_folder(day_of(id_lote))}/{id_lote}-{number:02}-{evento}.json"
        return self.raw.create(name, (json.dumps(said, ensure_ascii=False) + "\n").encode()) is not None

    def _read(self, prefix: str) -> list[Event]:
        events = []
        for entry in self.raw.entries(prefix):
            for line in (self.raw.read(entry.name) or b"").decode("utf-8", "replace").splitlines():
                event = _event(line)
                if event:
                    events.append(event)
        return sorted(events, key=lambda event: (event.id_lote, event.order))


def _event(line: str) -> Event | None:
    """Return the event on a line; a line that is none is judged by dbt, like any raw row."""
    try:
        said = json.loads(line)
        return Event(
            said["id_lote"], int(said["sequencia"]), said["evento"], said["ocorrido_em"], said["dados"]
        )
    except (ValueError, KeyError, TypeError):
        return None


def _folder(day: date) -> str:
    return f"{FOLDER}/dt={day.isoformat()}"
