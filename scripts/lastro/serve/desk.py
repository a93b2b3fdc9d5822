"""The desk: batches that are open, until they are sent to the gate or withdrawn.

A draft is a folder with the number of its batch. Rows come in parts, one file for each call, so that a call
is kept whole or not at all. Sending writes one note among the received files, which decides it for everyone,
and then puts the file into the inbox with the batch before its name: the gate goes on with that number.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from lastro.contract import read_contract
from lastro.receive.batches import Batches
from lastro.receive.claims import Claims
from lastro.receive.events import BATCH_ID, FIRST_STATUS, Events, day_of, status_of
from lastro.receive.layout import clean_client
from lastro.receive.places import Places, kept_name, scratch_folder
from lastro.receive.roots import Folder
from lastro.receive.suggest.check import name_in_inbox
from lastro.serve.problems import Problem, not_found
from lastro.serve.rows import header_of, write_rows

SOURCE, TABLE = "cobranca", "dividas"
ROWS, FILE, PAGE = "api_linhas", "api_csv", "pagina"
# The day in a batch's number is its day of reception, so an open batch must not wait for long.
OPEN_FOR = timedelta(hours=24)
_DRAFT, _PARTS, _KEPT, _FORMAT = "rascunho.json", "linhas", "arquivo", "formato.yml"
_ROWS_FILE = "linhas.csv"
# A client's name has 60 characters at most.
_LONGEST_ID = 100


@dataclass(frozen=True)
class Draft:
    """A batch that is open.

    Attributes:
        channel: `api_linhas`, `api_csv` or `pagina`; empty as long as nothing came.
        opened_at: When it was opened, in ISO 8601.
        rows: How many rows came.
        file: The name of the file that came.
    """

    id_lote: str
    client: str
    channel: str
    opened_at: str
    rows: int
    file: str | None


class Desk:
    """The drafts of all clients, in a folder of one server."""

    def __init__(
        self, folder: Path, places: Places, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Keep drafts in a folder, and send them to these places of the gate.

        Args:
            folder: The folder of the drafts; no other server may use it.
            places: The roots of the gate.
            now: The time.
        """
        self.folder = Folder(folder)
        self.places = places
        self.now = now
        self.events = Events(places.raw, now)
        self.batches = Batches(places, self.events, Claims(places.raw, 300))
        self.table = next(table for table in read_contract() if (table.source, table.name) == (SOURCE, TABLE))
        self._locks: dict[str, threading.RLock] = defaultdict(threading.RLock)
        self._parts: dict[str, dict[str, dict[str, object]]] = {}
        self._at_work: set[tuple[str, str]] = set()

    def open(self, client: str, key: str | None = None, channel: str = "") -> Draft:
        """Open a batch. With a key that was used before, return the batch that it opened.

        Raises:
            Problem: The key is in use at this moment.
        """
        with self._once(client, key or secrets.token_hex(16)), self._locks[client]:
            kept = f"abertos/{client}/{_short(key)}" if key else None
            known = self.folder.read(kept) if kept else None
            if known:
                return self._draft_or_sent(client, known.decode())
            now = self.now()
            id_lote = self.batches.reserve(client, now)
            said = {"cliente": client, "aberto_em": now.isoformat(), "canal": channel}
            self.folder.write(f"{id_lote}/{_DRAFT}", json.dumps(said).encode())
            if kept:
                self.folder.write(kept, id_lote.encode())
            return self.draft(client, id_lote)

    def drafts(self, client: str) -> list[Draft]:
        """Return the open batches of a client, by number."""
        return [draft for name in self.folder.folders("") if (draft := self.look(client, name))]

    def waiting(self, client: str) -> list[str]:
        """Return the batches of a client that are open, or were sent and wait in the inbox."""
        own = [name for name in self.folder.folders("") if self.folder.read(f"{name}/{_DRAFT}")]
        folder = name_in_inbox(self.table, client, "")
        names = [entry.name.removeprefix(folder) for entry in self.places.inbox.entries(folder)]
        own += [name.partition("~")[0] for name in names if "~" in name]
        return sorted({id_lote for id_lote in own if belongs(id_lote, client)})

    def look(self, client: str, id_lote: str) -> Draft | None:
        """Return an open batch of a client, or None."""
        return self._found(client, id_lote) if belongs(id_lote, client) else None

    def draft(self, client: str, id_lote: str) -> Draft:
        """Return an open batch of a client.

        Raises:
            Problem: The client has no such batch, or it is not open any more.
        """
        found = self.look(client, id_lote)
        if found:
            return found
        if not belongs(id_lote, client):
            raise not_found(id_lote)
        if self.batches.sending_of(id_lote) or self.events.of_batch(id_lote):
            raise Problem(
                409,
                "lote_fechado",
                f"O lote {id_lote} já foi enviado ou cancelado.",
                "Abra outro lote com POST /v1/lotes.",
            )
        raise not_found(id_lote)

    def add_rows(
        self, client: str, id_lote: str, rows: list[dict[str, str]], key: str, body: str
    ) -> dict[str, object]:
        """Keep the rows of one call, and return its answer; the same call again gets the same answer.

        Args:
            client: Whose batch it is.
            id_lote: The batch.
            rows: Each row's texts by column.
            key: What tells this call from others.
            body: The hash of the call's body.

        Raises:
            Problem: There is no such open batch, a file came for it, or the key was used for another body.
        """
        # Another client's call is not to be seen, also not while it is at work.
        if not belongs(id_lote, client):
            raise not_found(id_lote)
        with self._once(id_lote, key), self._locks[id_lote]:
            draft = self._open_for(client, id_lote, ROWS)
            parts = self._parts_of(id_lote)
            known = parts.get(_short(key))
            if known is None:
                answer = {"id_lote": id_lote, "linhas": len(rows), "linhas_no_lote": draft.rows + len(rows)}
                known = {"corpo": body, "resposta": answer}
                name = f"{id_lote}/{_PARTS}/{len(parts) + 1:08}-{_short(key)}"
                text = json.dumps(known) + "\n" + write_rows(self.table, client, rows)
                self.folder.write(name, text.encode())
                parts[_short(key)] = known
            if known["corpo"] != body:
                raise Problem(
                    422,
                    "chave_de_outro_corpo",
                    "Esta Idempotency-Key já foi usada com outro corpo.",
                    "Use uma chave nova para cada chamada nova.",
                )
            return known["resposta"]

    def receive_file(self, client: str, id_lote: str, name: str, channel: str = FILE) -> Sink:
        """Return what the bytes of a batch's file are written to.

        Raises:
            Problem: There is no such open batch, rows came for it, or the name cannot be a file's.
        """
        self._open_for(client, id_lote, channel)
        refuse_bad_name(name)
        partial = self.folder.path / ".partial" / secrets.token_hex(8)
        partial.parent.mkdir(parents=True, exist_ok=True)
        return Sink(partial)

    def keep_file(self, client: str, id_lote: str, name: str, sink: Sink, channel: str = FILE) -> Draft:
        """Keep a whole file for a batch, and return the batch.

        Raises:
            Problem: The batch was closed meanwhile.
        """
        sink.close()
        with self._locks[id_lote]:
            draft = self._open_for(client, id_lote, channel)
            said = {"cliente": client, "aberto_em": draft.opened_at, "canal": channel}
            self.folder.write(f"{id_lote}/{_DRAFT}", json.dumps(said).encode())
            kept = f"{id_lote}/{_KEPT}/{name}"
            self.folder.adopt(kept, sink.path)
            for entry in list(self.folder.entries(f"{id_lote}/{_KEPT}/")):
                if entry.name != kept:
                    self.folder.delete(entry.name)
            return self.draft(client, id_lote)

    def path_of(self, client: str, id_lote: str) -> Path:
        """Return the file that came for an open batch.

        Raises:
            Problem: There is no such open batch, or no file came.
        """
        draft = self.draft(client, id_lote)
        if draft.file is None:
            raise _empty(id_lote)
        return self.folder.path / id_lote / _KEPT / draft.file

    def set_format(self, client: str, id_lote: str, proposal: str) -> None:
        """Keep how the file of an open batch is to be read, as YAML."""
        self.draft(client, id_lote)
        self.folder.write(f"{id_lote}/{_FORMAT}", proposal.encode())

    def format_of(self, client: str, id_lote: str) -> str | None:
        """Return what `set_format` kept."""
        self.draft(client, id_lote)
        data = self.folder.read(f"{id_lote}/{_FORMAT}")
        return None if data is None else data.decode()

    def send(self, client: str, id_lote: str, version: int | None = None) -> None:
        """Send an open batch to the gate. Sending it again changes nothing.

        Args:
            client: Whose batch it is.
            id_lote: The batch.
            version: The version of the client's format to judge its file by; None: the newest that fits.

        Raises:
            Problem: There is no such batch, or nothing came for it.
        """
        if not belongs(id_lote, client):
            raise not_found(id_lote)
        with self._locks[id_lote]:
            if self.batches.sending_of(id_lote):
                self._put(id_lote)
                return
            draft = self.draft(client, id_lote)
            name = draft.file or (_ROWS_FILE if draft.rows else None)
            if name is None:
                raise _empty(id_lote)
            path = name_in_inbox(self.table, client, name)
            self.batches.note_sending(
                id_lote, canal=draft.channel, arquivo=path, nome=path, versao_formato=version
            )
            self._put(id_lote)

    def withdraw(self, client: str, id_lote: str) -> None:
        """Forget what came for an open batch, if it is still open."""
        if belongs(id_lote, client):
            with self._locks[id_lote]:
                self._forget(id_lote)

    def mend(self) -> None:
        """End what a killed server left: put sent files into the inbox, forget batches that were closed."""
        self.folder.sweep()
        for entry in list(self.folder.entries("abertos/")):
            # Whoever opened a batch asks again within minutes, not after the batch has ended.
            if entry.seconds < self.now().timestamp() - 2 * OPEN_FOR.total_seconds():
                self.folder.delete(entry.name)
        for id_lote in self.folder.folders(""):
            if not BATCH_ID.fullmatch(id_lote):
                continue
            with self._locks[id_lote]:
                if self.batches.sending_of(id_lote):
                    self._put(id_lote)
                elif self.events.of_batch(id_lote):
                    self._forget(id_lote)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other servers from these drafts: the locks on batches are those of one process.

        Raises:
            RuntimeError: Another server uses them.
        """
        self.folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder.path / ".servidor").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise RuntimeError(
                    f"another server uses {self.folder.path}. Stop it, or set another LASTRO_DRAFTS."
                ) from None
            yield

    def expired(self) -> list[tuple[str, str]]:
        """Return the client and the number of each batch that was open for too long."""
        found = []
        for id_lote in self.folder.folders(""):
            data = self.folder.read(f"{id_lote}/{_DRAFT}")
            said = json.loads(data) if data else None
            if said and datetime.fromisoformat(said["aberto_em"]) + OPEN_FOR <= self.now():
                found.append((said["cliente"], id_lote))
        return found

    def _put(self, id_lote: str) -> None:
        """Put the file of a sent batch into the inbox unless it is there or further, and forget the draft."""
        sent = self.batches.sending_of(id_lote) or {}
        folder, _, name = str(sent["arquivo"]).rpartition("/")
        waiting = f"{folder}/{id_lote}~{name}"
        is_kept = self.places.received.entry(f"{id_lote}/{kept_name(name)}") is not None
        is_begun = status_of(self.events.of_batch(id_lote)) != FIRST_STATUS
        if not is_kept and not is_begun and self.places.inbox.entry(waiting) is None:
            with scratch_folder() as scratch, self._whole(id_lote, name, scratch) as path:
                if path is None:
                    return
                self.places.inbox.put(waiting, path)
        self._forget(id_lote)

    @contextmanager
    def _whole(self, id_lote: str, name: str, scratch: Path) -> Iterator[Path | None]:
        """Yield the file of a draft, or None if the draft is gone."""
        kept = self.folder.path / id_lote / _KEPT / name
        parts = list(self.folder.entries(f"{id_lote}/{_PARTS}/"))
        if kept.is_file():
            yield kept
        elif not parts:
            yield None
        else:
            path = scratch / _ROWS_FILE
            with path.open("wb") as file:
                file.write(header_of(self.table).encode())
                for part in parts:
                    with (self.folder.path / part.name).open("rb") as rows:
                        rows.readline()
                        shutil.copyfileobj(rows, file)
            yield path

    def _forget(self, id_lote: str) -> None:
        """Remove a draft. Its record goes first: without it there is no draft."""
        self.folder.delete(f"{id_lote}/{_DRAFT}")
        shutil.rmtree(self.folder.path / id_lote, ignore_errors=True)
        self._parts.pop(id_lote, None)

    def _open_for(self, client: str, id_lote: str, channel: str) -> Draft:
        draft = self.draft(client, id_lote)
        if datetime.fromisoformat(draft.opened_at) + OPEN_FOR <= self.now():
            raise Problem(
                410,
                "lote_expirado",
                f"O lote {id_lote} ficou aberto por mais de {OPEN_FOR // timedelta(hours=1)} horas.",
                "Abra outro lote e envie tudo de novo.",
            )
        if draft.channel not in ("", channel):
            raise Problem(
                409,
                "lote_de_outro_canal",
                f"O lote {id_lote} já recebeu dados por {draft.channel}.",
                "Um lote tem linhas ou um arquivo. Abra outro lote.",
            )
        return draft

    def _found(self, client: str, id_lote: str) -> Draft | None:
        data = self.folder.read(f"{id_lote}/{_DRAFT}")
        if data is None or self.batches.sending_of(id_lote):
            return None
        said = json.loads(data)
        if said["cliente"] != client:
            return None
        files = [Path(entry.name).name for entry in self.folder.entries(f"{id_lote}/{_KEPT}/")]
        rows = sum(int(part["resposta"]["linhas"]) for part in self._parts_of(id_lote).values())
        channel = said["canal"] or (ROWS if rows else "")
        return Draft(id_lote, client, channel, said["aberto_em"], rows, files[0] if files else None)

    def _draft_or_sent(self, client: str, id_lote: str) -> Draft:
        found = self._found(client, id_lote)
        return found or Draft(id_lote, client, "", "", 0, None)

    def _parts_of(self, id_lote: str) -> dict[str, dict[str, object]]:
        """Return what each call said and was answered, by the hash of its key."""
        if id_lote not in self._parts:
            found = {}
            for entry in self.folder.entries(f"{id_lote}/{_PARTS}/"):
                with (self.folder.path / entry.name).open("rb") as file:
                    found[entry.name.rpartition("-")[2]] = json.loads(file.readline())
            self._parts[id_lote] = found
        return self._parts[id_lote]

    @contextmanager
    def _once(self, what: str, key: str) -> Iterator[None]:
        """Refuse a call whose like is at work."""
        if (what, key) in self._at_work:
            raise Problem(
                425,
                "chamada_em_andamento",
                "Uma chamada com esta Idempotency-Key está em andamento.",
                "Repita a chamada daqui a um segundo.",
                {"Retry-After": "1"},
            )
        self._at_work.add((what, key))
        try:
            yield
        finally:
            self._at_work.discard((what, key))


class Sink:
    """A file that is being received, hashed and counted as it comes."""

    def __init__(self, path: Path) -> None:
        """Write to a path."""
        self.path = path
        self.size = 0
        self._hash = sha256()
        self._file = path.open("wb")

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._file.write(data)
        self._hash.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        """The hash of what came so far, in hexadecimal."""
        return self._hash.hexdigest()

    def close(self) -> None:
        """Write no more."""
        self._file.close()

    def abort(self) -> None:
        """Forget what came, unless it was kept."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def belongs(id_lote: str, client: str) -> bool:
    """Return whether a batch can be this client's: its number begins with the client's name."""
    match = BATCH_ID.fullmatch(id_lote) if len(id_lote) <= _LONGEST_ID else None
    if match is None or match["sender"] != clean_client(client):
        return False
    try:
        day_of(id_lote)
    except ValueError:
        return False
    return True


def _short(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:32]


def refuse_bad_name(name: str) -> None:
    """Raise a Problem unless a file may have this name."""
    if (
        not name.strip()
        or name.startswith(".")
        or not name.isprintable()
        or set(name) & set('/\\~:*?"<>|')
        or len(name.encode("utf-8", "replace")) > 180
    ):
        raise Problem(
            422,
            "nome_invalido",
            "O nome do arquivo não pode ser usado.",
            "Use um nome simples, como carteira.xlsx: até 180 bytes, sem barras e sem ponto no começo.",
        )


def _empty(id_lote: str) -> Problem:
    return Problem(
        409,
        "lote_vazio",
        f"O lote {id_lote} está vazio.",
        "Envie linhas ou um arquivo antes.",
    )
