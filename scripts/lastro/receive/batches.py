"""The numbers of batches, and which batch published what."""

from __future__ import annotations

import json
import os
from datetime import datetime
from hashlib import file_digest, sha256
from pathlib import Path

from lastro.receive.claims import Claim, Claims, LostClaim
from lastro.receive.events import BATCH_ID, Events, status_of
from lastro.receive.judge import Accepted
from lastro.receive.layout import clean_client
from lastro.receive.places import Places, scratch_folder
from lastro.receive.roots import Root

# Notes of batches whose senders are still to be told how they ended.
UNTOLD = ".avisar"


class Batches:
    """What is kept beside the received files: numbers that are taken, contents, versions of raw files."""

    def __init__(self, places: Places, events: Events, claims: Claims) -> None:
        """Keep it in the root of received files.

        Args:
            places: The roots of the gate.
            events: The events of its batches.
            claims: Claims on raw files, so that two batches do not publish the same one at once.
        """
        self.places = places
        self.received = places.received
        self.events = events
        self.claims = claims
        self._numbers: dict[str, int] = {}

    def reserve(self, sender: str, day: datetime, **note: object) -> str:
        """Return the id of a new batch: the next number of its sender's day that nobody has.

        Args:
            sender: Who sent the file.
            day: When it was received.
            note: What to keep with the batch; `note_of` returns it.
        """
        series = f"{clean_client(sender)}-{day:%Y%m%d}"
        number = self._numbers.get(series) or self._last_number(series)
        while True:
            number += 1
            if self.keep_number(f"{series}-{number:04}", recebido_em=day.isoformat(), **note):
                self._numbers[series] = number
                return f"{series}-{number:04}"

    def keep_number(self, id_lote: str, **note: object) -> bool:
        """Take an id, and return whether it was free."""
        # The random number tells this note from the same note of another gate.
        said = note | {"reserva": os.urandom(8).hex()}
        data = json.dumps(said, ensure_ascii=False).encode()
        return self.received.create(_note(id_lote), data) is not None

    def note_of(self, id_lote: str) -> dict[str, object] | None:
        """Return what was kept with a batch when it got its number, or None if there is no such batch."""
        note = _read_json(self.received, _note(id_lote))
        return None if note is None else note | (self.sending_of(id_lote) or {})

    def note_sending(self, id_lote: str, **note: object) -> bool:
        """Note that a batch was sent which was opened before its file came; return whether this is new."""
        data = json.dumps(note, ensure_ascii=False).encode()
        return self.received.create(_sending(id_lote), data) is not None

    def sending_of(self, id_lote: str) -> dict[str, object] | None:
        """Return what `note_sending` kept."""
        return _read_json(self.received, _sending(id_lote))

    def opened_for(self, name: str, sender: str) -> tuple[str, str] | None:
        """Return the batch that was opened for a file of the inbox, and the file's own name; else None.

        The front door puts the batch and a tilde before the name. Any other such file is a file like others.
        """
        folder, _, own = name.rpartition("/")
        id_lote, _, rest = own.partition("~")
        match = BATCH_ID.fullmatch(id_lote)
        if not match or match["sender"] != clean_client(sender) or not rest:
            return None
        was_received = any(event.evento == "recebido" for event in self.events.of_batch(id_lote))
        sent = None if was_received else self.sending_of(id_lote)
        return (id_lote, f"{folder}/{rest}") if sent else None

    def duplicate_of(self, id_lote: str, accepted: Accepted) -> str | None:
        """Return the batch that published the same content and is still what the raw root shows of it."""
        # Two months without rows have the same content, and are two files all the same.
        known = _read_json(self.received, _content(accepted)) if accepted.rows else None
        destination = str(known["destino"]) if known else accepted.arrival.destination(id_lote)
        current = _read_json(self.received, _current(destination))
        if current is None or current["sha256"] != accepted.sha256 or current["id_lote"] == id_lote:
            return None
        first = str(current["id_lote"])
        return None if status_of(self.events.of_batch(first)) == "cancelado" else first

    def publish(self, id_lote: str, accepted: Accepted, origin: str) -> None:
        """Publish an accepted file, unless its content is known or its batch was cancelled meanwhile."""
        destination = accepted.arrival.destination(id_lote)
        # The content as well: of two files with the same content, for two periods, one is the duplicate.
        with (
            self.claims.claim(_content(accepted), wait=True) as content,
            self.claims.claim(destination, wait=True) as claim,
        ):
            self._publish(id_lote, accepted, destination, origin, claim)
            self.claims.release(claim)
            self.claims.release(content)

    def withdraw(self, id_lote: str, destination: str) -> bool:
        """Remove the raw file that a batch published, and return whether it was still there."""
        with self.claims.claim(destination, wait=True) as claim:
            was_current = self._withdraw(id_lote, destination, claim)
            self.claims.release(claim)
        return was_current

    def sweep(self) -> None:
        """End the claims of dead gates; whoever goes on with their batches makes new ones."""
        for name in self.claims.abandoned():
            with self.claims.claim(name) as claim:
                if claim:
                    self.claims.release(claim)

    def end(self, id_lote: str, evento: str, dados: dict[str, object]) -> bool:
        """Write an event that ends a batch. A note made before it makes sure that its sender is told."""
        known = self.events.of_batch(id_lote)
        if not self.events.allows(status_of(known), evento):
            return False
        last = max((event.sequencia for event in known), default=0)
        self.received.write(f"{UNTOLD}/{id_lote}", str(last).encode())
        return self.events.add(id_lote, evento, dados)

    def untold(self) -> list[str]:
        """Return the batches whose senders are still to be told how they ended."""
        return [entry.name.removeprefix(f"{UNTOLD}/") for entry in self.received.entries(f"{UNTOLD}/")]

    def told(self, id_lote: str, sequencia: int) -> None:
        """Note that a batch's sender knows of the closing with this number, or needs not."""
        found = self.received.read_version(f"{UNTOLD}/{id_lote}")
        # Another gate may be about to write the next closing, and have made its note already.
        if found and int(found[0]) < sequencia:
            self.received.delete(f"{UNTOLD}/{id_lote}", found[1])

    def _publish(self, id_lote: str, accepted: Accepted, destination: str, origin: str, claim: Claim) -> None:
        table = accepted.arrival.table
        said = {"source_name": table.source, "table_name": table.name, "origem": origin}
        first = self.duplicate_of(id_lote, accepted)
        if first:
            self.end(id_lote, "duplicado", said | {"motivo": "arquivo_duplicado", "lote_original": first})
            return
        if status_of(self.events.of_batch(id_lote)) != "em_validacao":
            return
        found = self.received.read_version(_current(destination))
        there = self.places.raw.entry(destination)
        # A gate that is suspended from here on until another one publishes finds other versions, and stops.
        self.claims.note(claim)
        if found is None and there:
            self._keep_what_stood_there(destination)
        pointer = json.loads(found[0]) if found else {"id_lote": None}
        # A dead gate may have replaced it already, and known what it replaced.
        replaced = pointer.get("substitui") if pointer["id_lote"] == id_lote else pointer["id_lote"]
        # A file that was received earlier, but judged later, must not hide the newer one.
        is_newest = pointer["id_lote"] in (None, id_lote) or _age(pointer["id_lote"]) <= _age(id_lote)
        if is_newest:
            name = _current(destination)
            pointer = {"id_lote": id_lote, "sha256": accepted.sha256, "substitui": replaced}
            data = json.dumps(pointer).encode()
            written = (
                self.received.replace(name, data, found[1]) if found else self.received.create(name, data)
            )
            if not written or not self.places.raw.put_over(
                destination, accepted.path, there.version if there else None
            ):
                raise LostClaim(destination)
        if accepted.rows:
            content = json.dumps({"id_lote": id_lote, "destino": destination})
            self.received.write(_content(accepted), content.encode())
        self.events.add(
            id_lote,
            "aceito",
            said
            | {
                "destino": destination,
                "raw_sha256": accepted.sha256,
                "formato": accepted.kind,
                "versao_formato": accepted.version,
                "codificacao": accepted.encoding,
                "linhas": accepted.rows,
                "sub_lotes": accepted.row_groups,
                "valor": accepted.amount,
                "avisos": ",".join(accepted.warnings) or None,
                "substitui": replaced if is_newest else None,
                "linhas_ignoradas": accepted.ignored or None,
                "corrige": accepted.corrects,
            },
        )
        # Whoever cancels withdraws what was accepted before; here it was cancelled meanwhile.
        if status_of(self.events.of_batch(id_lote)) == "cancelado":
            self._withdraw(id_lote, destination, claim)

    def _withdraw(self, id_lote: str, destination: str, claim: Claim) -> bool:
        found = self.received.read_version(_current(destination))
        there = self.places.raw.entry(destination)
        self.claims.note(claim)
        if found is None or json.loads(found[0])["id_lote"] != id_lote:
            return False
        if there:
            self.places.raw.delete(destination, there.version)
        return self.received.delete(_current(destination), found[1])

    def _keep_what_stood_there(self, destination: str) -> None:
        """Keep a raw file that did not come through the gate before one that did replaces it."""
        with scratch_folder() as scratch:
            path = self.places.raw.local(destination, scratch)
            with path.open("rb") as file:
                digest = file_digest(file, "sha256").hexdigest()
            self.received.put(f"sem_lote/{digest}/{Path(destination).name}", path)

    def _last_number(self, series: str) -> int:
        """Return the last number that is taken. A listing would read every batch that ever came."""

        def is_taken(number: int) -> bool:
            return self.received.entry(_note(f"{series}-{number:04}")) is not None

        low, high = 0, 1
        while is_taken(high):
            low, high = high, high * 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if is_taken(middle) else (low, middle)
        return low


def _note(id_lote: str) -> str:
    return f"{id_lote}/.lote.json"


def _sending(id_lote: str) -> str:
    return f"{id_lote}/.envio.json"


def _current(destination: str) -> str:
    """Return where stands which batch published the raw file of a path."""
    return f".versoes/{sha256(destination.encode()).hexdigest()}.json"


def _content(accepted: Accepted) -> str:
    """Return where stands which batch of a sender first had a content."""
    table = accepted.arrival.table
    sender = sha256(accepted.arrival.client.encode()).hexdigest()[:16]
    return f".conteudos/{table.source}.{table.name}/{sender}/{accepted.sha256}.json"


def _age(id_lote: str) -> tuple[str, int]:
    """Return what orders the batches of a sender by their reception."""
    _, day, number = id_lote.rsplit("-", 2)
    return day, int(number)


def _read_json(root: Root, name: str) -> dict[str, object] | None:
    found = root.read(name)
    return json.loads(found) if found else None
