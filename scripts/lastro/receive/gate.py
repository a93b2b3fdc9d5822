"""One pass of the gate: what waits is claimed, kept, judged, and published or put into quarantine."""

from __future__ import annotations

import json
import os
import shutil
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import file_digest
from pathlib import Path

from lastro.contract import Arrival, RawTable, read_contract
from lastro.receive.batches import Batches
from lastro.receive.claims import Claim, Claims, LostClaim
from lastro.receive.containers import Member, unpack
from lastro.receive.events import Events, status_of
from lastro.receive.formats import Format, read_formats
from lastro.receive.inbox import Inbox
from lastro.receive.judge import Accepted, judge
from lastro.receive.layout import Returned, returned_batch
from lastro.receive.places import OUTAGES, REASON, Places, kept_name, outages, scratch_folder
from lastro.receive.refusal import Refused

ORIGIN = "lastro receive"
# What the claim on a batch that is judged again is named: no file of the inbox is hidden.
_RETRIED = ".retomado/"


@dataclass(frozen=True)
class Outcome:
    """What became of a batch in this pass.

    Attributes:
        id_lote: The batch.
        name: Its file's name under the inbox; a file from an archive has the archive's name before its own.
        status: Its status.
        code: Why it was refused, or what it warns of.
        message: The place and the remedy.
        rows: The rows of an accepted file.
    """

    id_lote: str
    name: str
    status: str
    code: str | None = None
    message: str | None = None
    rows: int | None = None


class Gate:
    """A gate over an inbox. Any number of gates, on any machines, may share the same places."""

    def __init__(
        self,
        places: Places,
        *,
        tables: list[RawTable] | None = None,
        formats: list[Format] | None = None,
        lease_seconds: float = 300,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Set up a gate.

        Args:
            places: The four roots.
            tables: The raw tables; those of the project by default.
            formats: The agreed formats; those of the project by default.
            lease_seconds: After how many seconds without a sign of life a gate counts as dead, for all gates.
            now: The time of what happens.
        """
        self.places = places
        self._given_formats = formats
        self.formats = read_formats() if formats is None else formats
        self.inbox = Inbox(places.inbox, read_contract() if tables is None else tables)
        self.claims = Claims(places.inbox, lease_seconds)
        self.events = Events(places.raw, now)
        self.batches = Batches(places, self.events, Claims(places.raw, lease_seconds))
        self.now = now
        self._reading: Callable[[str, float], None] = lambda shown, percent: None

    def waiting(self, settle_seconds: float = 5, pause: Callable[[float], None] = time.sleep) -> list[str]:
        """Return the names of the complete files, and of those that a dead gate left half-done."""
        with outages(self.places.inbox.address):
            return sorted({*self.inbox.complete(settle_seconds, pause), *self.claims.abandoned()})

    def run(
        self,
        names: list[str],
        jobs: int = 1,
        progress: Callable[[list[Outcome]], None] = lambda found: None,
        is_stopped: Callable[[], bool] = lambda: False,
        reading: Callable[[str, float], None] = lambda shown, percent: None,
    ) -> list[Outcome]:
        """Receive the named files, `jobs` of them at once, and return what became of each batch.

        Args:
            names: The files, as `waiting` returns them.
            jobs: How many at once.
            progress: What is told of each file's batches.
            is_stopped: Whether to begin no other file.
            reading: Told now and then how many percent of a file are read.

        Raises:
            Outage: A place cannot be read or written; what was done before stands.
        """
        with outages(self.places.raw.address):
            self.places.sweep()
            self.batches.sweep()
        if self._given_formats is None:
            # The page saves formats while a gate watches.
            self.formats = read_formats()
        self._reading = reading
        outcomes: list[Outcome] = []

        def receive(name: str) -> list[Outcome]:
            return [] if is_stopped() else self._receive(name)

        with ThreadPoolExecutor(jobs) as pool:
            work = [pool.submit(receive, name) for name in names]
            try:
                for each in work:
                    found = each.result()
                    outcomes += found
                    progress(found)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return outcomes

    def retry(self, id_lote: str) -> Outcome:
        """Judge a refused batch again, for example after a format was corrected.

        Raises:
            ValueError: The batch is not refused or failed, or its file is no longer kept.
            Outage: A place cannot be read or written.
        """
        try:
            with outages(id_lote):
                return self._retry(id_lote)
        except LostClaim:
            # This command was suspended, and a gate went on with it.
            raise ValueError(
                f"{id_lote} was judged by another gate: lastro batch status {id_lote}."
            ) from None

    def dry_run(
        self, path: Path, name: str, show: Callable[[Accepted], None] = lambda accepted: None
    ) -> list[Accepted]:
        """Judge a local file as if it had come under this name, and keep nothing.

        Args:
            path: The file.
            name: The name under the inbox.
            show: Told of each accepted file while what would be published still exists.

        Raises:
            Refused: It would be refused, or be a duplicate.
        """
        with scratch_folder() as scratch:
            accepted = []
            members = unpack(path, scratch)
            for number, member in enumerate(members):
                inner = scratch / str(number)
                inner.mkdir()
                judged = self.inbox.name_of(name, member, is_alone=len(members) == 1)
                arrival = self.inbox.required_arrival(judged)
                returned = self._returned(judged, arrival)
                found = judge(member.path, arrival, self.formats, inner, judged, None, returned=returned)
                first = self.batches.duplicate_of("", found)
                if first:
                    raise Refused("arquivo_duplicado", f"batch {first} has the same content.")
                show(found)
                accepted.append(found)
            return accepted

    def _retry(self, id_lote: str) -> Outcome:
        known, note = self.events.of_batch(id_lote), self.batches.note_of(id_lote)
        if not known or note is None:
            raise ValueError(f"there is no batch {id_lote}. List them: lastro batch list.")
        # The claim is on the batch: a new file of the same name may be under way. It comes before the event,
        # so that a gate goes on if this command is killed.
        with self.claims.claim(f"{_RETRIED}{id_lote}", wait=True) as claim:
            self.claims.note(
                claim,
                id_lote=id_lote,
                received_at=note["recebido_em"],
                name=note["nome"],
                retried=note["arquivo"],
            )
            is_retried = self.events.add(id_lote, "retomado", {"origem": "lastro batch"})
            outcomes = self._open_again(claim) if is_retried else []
            self.claims.release(claim)
        if not outcomes:
            raise ValueError(
                f"{id_lote} is {status_of(known)}. Only a refused or failed batch is judged again."
            )
        return outcomes[0]

    def _receive(self, name: str) -> list[Outcome]:
        try:
            with outages(name), self.claims.claim(name) as claim:
                if claim is None:
                    return []
                outcomes = self._take_and_open(name, claim)
                self.claims.release(claim)
                return outcomes
        except LostClaim:
            return []

    def _take_and_open(self, name: str, claim: Claim) -> list[Outcome]:
        received = self.places.received
        if "retried" in claim.facts:
            return self._open_again(claim)
        if "id_lote" not in claim.facts:
            if not self.inbox.is_as_seen(name):
                return []
            now, sender = self.now(), self.inbox.sender(name)
            opened = self.batches.opened_for(name, sender)
            id_lote, own = opened or (self.batches.reserve(sender, now, arquivo=name, nome=name), name)
            self.claims.note(claim, id_lote=id_lote, received_at=now.isoformat(), own_name=own)
        id_lote, own = str(claim.facts["id_lote"]), str(claim.facts.get("own_name", name))
        if not self.inbox.take(name, received, f"{id_lote}/{kept_name(own)}", self.claims, claim):
            # Its sender withdrew it before it was taken. The number stays taken: numbers tell which batch of
            # a day is newer, and another gate may hold on to this one.
            return []
        for other in self.inbox.companions(name).values():
            self.inbox.take(other, received, f"{id_lote}/{Path(other).name}", self.claims, claim)
        return self._open(id_lote, own, own, claim)

    def _open_again(self, claim: Claim) -> list[Outcome]:
        """Judge a refused batch again; if it is no longer refused, its copy leaves the quarantine."""
        id_lote, shown = str(claim.facts["id_lote"]), str(claim.facts["retried"])
        outcomes = self._open(id_lote, shown, str(claim.facts["name"]), claim)
        if outcomes[0].status != "recusado":
            for kept in (kept_name(shown), REASON):
                self.places.quarantine.delete(f"{id_lote}/{kept}")
        return outcomes

    def _open(self, id_lote: str, shown: str, name: str, claim: Claim) -> list[Outcome]:
        """Judge what a batch received: one file, or the files of an archive.

        Args:
            id_lote: The batch.
            shown: The file's name as people see it: in an archive, after the archive's name.
            name: The name by which it is judged.
            claim: The claim on it.
        """
        with scratch_folder() as scratch:
            path = self.places.received.local(f"{id_lote}/{kept_name(shown)}", scratch)
            self._begin(id_lote, shown, self.inbox.sender(name), path)
            try:
                members = unpack(path, scratch)
            except Refused as refused:
                return [self._refuse(id_lote, shown, name, path, refused)]
            if len(members) > 1:
                return self._open_archive(id_lote, shown, members, scratch, claim)
            judged = self.inbox.name_of(name, members[0], is_alone=True)
            return [self._judge(id_lote, shown, judged, path, members[0].path, scratch)]

    def _open_archive(
        self, id_lote: str, shown: str, members: list[Member], scratch: Path, claim: Claim
    ) -> list[Outcome]:
        """Give each file of an archive a batch of its own; the archive's batch ends when all have theirs."""
        outcomes = []
        for member in members:
            inner_name, judged = f"{shown}/{member.name}", self.inbox.name_of(shown, member, is_alone=False)
            sender, key = self.inbox.sender(judged), f"member {member.name}"
            if key not in claim.facts:
                day = datetime.fromisoformat(str(claim.facts["received_at"]))
                child = self.batches.reserve(sender, day, arquivo=inner_name, nome=judged, conteiner=id_lote)
                self.claims.note(claim, **{key: child})
            child = str(claim.facts[key])
            kept, inner = f"{child}/{kept_name(inner_name)}", scratch / child
            if self.places.received.entry(kept) is None:
                self.places.received.put(kept, member.path)
            inner.mkdir()
            named = inner / "member" / kept_name(inner_name)
            named.parent.mkdir()
            member.path.rename(named)
            self._begin(child, inner_name, sender, named, id_lote)
            outcomes.append(self._judge(child, inner_name, judged, named, named, inner))
            shutil.rmtree(inner)
        lotes = " ".join(outcome.id_lote for outcome in outcomes)
        self.events.add(id_lote, "aceito", {"formato": "zip", "lotes": lotes, "origem": ORIGIN})
        self.events.add(id_lote, "concluido", {"origem": ORIGIN})
        return [Outcome(id_lote, shown, status_of(self.events.of_batch(id_lote))), *outcomes]

    def _begin(self, id_lote: str, shown: str, sender: str, path: Path, container: str | None = None) -> None:
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        self.events.add(
            id_lote,
            "recebido",
            {
                "arquivo": shown,
                "canal": (self.batches.note_of(container or id_lote) or {}).get("canal", "arquivo"),
                "id_cliente": sender,
                "conteudo_sha256": digest,
                "tamanho_bytes": path.stat().st_size,
                "conteiner": container,
                "origem": ORIGIN,
            },
        )
        self.events.add(id_lote, "em_validacao", {"origem": ORIGIN})

    def _judge(
        self, id_lote: str, shown: str, name: str, original: Path, path: Path, scratch: Path
    ) -> Outcome:
        """Judge one file and end its batch; if a dead gate did so before, say what it said.

        Args:
            id_lote: Its batch.
            shown: Its name as people see it.
            name: The name by which it is judged.
            original: The file that was received.
            path: The file that was in it, or the same.
            scratch: A folder for this file alone.
        """
        status, arrival = status_of(self.events.of_batch(id_lote)), self.inbox.arrival(name)
        if status == "cancelado" and arrival:
            # A dead gate may have published it before it was cancelled.
            self.batches.withdraw(id_lote, arrival.destination(id_lote))
        if status != "em_validacao":
            return self._outcome(id_lote, shown)
        # It came beside what was sent, whatever the file inside is called.
        control = self.inbox.companions(shown).get("control")
        totals = self.places.received.read(f"{id_lote}/{Path(control).name}") if control else None
        try:
            arrival = self.inbox.required_arrival(name)
            accepted = judge(
                path,
                arrival,
                self._agreed(id_lote),
                scratch,
                name,
                totals,
                partial(self._reading, shown),
                self._returned(name, arrival),
            )
        except Refused as refused:
            return self._refuse(id_lote, shown, name, original, refused)
        except OUTAGES:
            raise
        except Exception as error:
            # One file that nothing foresaw must not hold up the others.
            if os.environ.get("LASTRO_TRACEBACK"):
                traceback.print_exc()
            unforeseen = Refused(
                "arquivo_ilegivel", f"reading it failed with {type(error).__name__}. Send it in another form."
            )
            return self._refuse(id_lote, shown, name, original, unforeseen)
        self.batches.publish(id_lote, accepted, ORIGIN)
        return self._outcome(id_lote, shown)

    def _agreed(self, id_lote: str) -> list[Format]:
        """Return the formats that a batch may be in. The front door may have said which."""
        note = self.batches.note_of(id_lote) or {}
        if note.get("canal") == "api_linhas":
            return []
        version = note.get("versao_formato")
        return [form for form in self.formats if version in (None, form.version)]

    def _returned(self, name: str, arrival: Arrival) -> Returned | None:
        """Return the batch whose rejected lines a file brings back. It must be there: names say anything."""
        id_lote = returned_batch(name, arrival.client)
        if id_lote is None or self.batches.note_of(id_lote) is None:
            return None
        events = reversed(self.events.of_batch(id_lote))
        accepted = next((event.dados for event in events if event.evento == "aceito"), None)
        return None if accepted is None else Returned(id_lote, accepted.get("versao_formato"))

    def _refuse(self, id_lote: str, shown: str, name: str, original: Path, refused: Refused) -> Outcome:
        """Put a copy of a refused file into quarantine, with its reason."""
        if status_of(self.events.of_batch(id_lote)) == "em_validacao":
            arrival = self.inbox.arrival(name)
            said = {"motivo": refused.code, "mensagem": refused.message}
            reason = json.dumps({"id_lote": id_lote, "arquivo": shown} | said, ensure_ascii=False, indent=2)
            self.places.quarantine.put(f"{id_lote}/{kept_name(shown)}", original)
            self.places.quarantine.write(f"{id_lote}/{REASON}", f"{reason}\n".encode())
            table = arrival.table if arrival else None
            said |= {"source_name": table.source, "table_name": table.name} if table else {}
            self.batches.end(id_lote, "recusado", said | {"origem": ORIGIN})
        return self._outcome(id_lote, shown)

    def _outcome(self, id_lote: str, shown: str) -> Outcome:
        events = self.events.of_batch(id_lote)
        last = next(event.dados for event in reversed(events) if event.evento != "notificado")
        message = last.get("mensagem")
        if "lote_original" in last:
            message = f"batch {last['lote_original']} has the same content."
        rows = int(last["linhas"]) if "linhas" in last else None
        code = last.get("motivo") or last.get("avisos")
        return Outcome(id_lote, shown, status_of(events), code, message, rows)
