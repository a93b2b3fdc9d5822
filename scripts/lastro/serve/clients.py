"""The keys of clients: one file for each client, which holds hashes and no key."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from lastro.receive.layout import clean_client
from lastro.receive.roots import Folder

# A key has 256 random bits, so that a fast hash keeps it as well as a slow one keeps a password.
_KEY = re.compile(r"lastro_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Client:
    """A client and how many of its keys are valid.

    Attributes:
        name: As its folder in the inbox is named.
        keys: For each valid key, when it was made and until when it is valid; None: without end.
    """

    name: str
    keys: list[tuple[str, str | None]]


class Clients:
    """The keys in a folder."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Read and write below this folder.

        Args:
            folder: Where the files are; it is created when the first client is added.
            now: The time by which keys end.
        """
        self.folder = Folder(folder)
        self.now = now
        self._seen: tuple[int, dict[str, tuple[str, str | None]]] = (-1, {})

    def add(self, name: str) -> str:
        """Add a client and return its first key, which is kept nowhere.

        Raises:
            ValueError: The client is there already, or its name cannot be a folder's and a batch's.
        """
        if clean_client(name) != name or len(name) > 60:
            raise ValueError(
                f"{name!r} cannot be a client. Use up to 60 letters without accents, digits and underscores."
            )
        if self._read(name) is not None:
            raise ValueError(f"{name} is a client already. For another key: lastro client rotate {name}.")
        return self._give(name, [])

    def rotate(self, name: str, grace: timedelta) -> str:
        """Return a new key of a client; the others are valid for that long.

        Raises:
            ValueError: There is no such client.
        """
        ends = (self.now() + grace).isoformat()
        kept = [
            {**key, "valida_ate": min(filter(None, (key["valida_ate"], ends)))}
            for key in self._known(name)
            if not self._has_ended(key["valida_ate"])
        ]
        return self._give(name, kept)

    def revoke(self, name: str) -> int:
        """End all keys of a client at once, and return how many there were.

        Raises:
            ValueError: There is no such client.
        """
        ended = [key for key in self._known(name) if not self._has_ended(key["valida_ate"])]
        self._write(name, [])
        return len(ended)

    def all(self) -> list[Client]:
        """Return every client, by name."""
        return [
            Client(
                name,
                [
                    (key["criada_em"], key["valida_ate"])
                    for key in self._known(name)
                    if not self._has_ended(key["valida_ate"])
                ],
            )
            for name in self._names()
        ]

    def client_of(self, key: str) -> str | None:
        """Return whose key this is, or None if it is nobody's or has ended."""
        if not _KEY.fullmatch(key):
            return None
        name, ends = self._hashes().get(_hash(key), (None, None))
        return None if self._has_ended(ends) else name

    def _hashes(self) -> dict[str, tuple[str, str | None]]:
        """Return the client and the end of each hash; read again when a file of the folder was replaced."""
        try:
            changed = self.folder.path.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if self._seen[0] != changed:
            found = {
                key["sha256"]: (name, key["valida_ate"])
                for name in self._names()
                for key in self._read(name) or []
            }
            self._seen = (changed, found)
        return self._seen[1]

    def _has_ended(self, ends: str | None) -> bool:
        return ends is not None and datetime.fromisoformat(ends) <= self.now()

    def _give(self, name: str, kept: list[dict[str, str | None]]) -> str:
        key = f"lastro_{secrets.token_urlsafe(32)}"
        made = {"sha256": _hash(key), "criada_em": self.now().isoformat(), "valida_ate": None}
        self._write(name, [*kept, made])
        return key

    def _known(self, name: str) -> list[dict[str, str | None]]:
        keys = self._read(name)
        if keys is None:
            raise ValueError(f"there is no client {name!r}. List them: lastro client list.")
        return keys

    def _names(self) -> list[str]:
        return [Path(entry.name).stem for entry in self.folder.entries() if entry.name.endswith(".json")]

    def _read(self, name: str) -> list[dict[str, str | None]] | None:
        data = self.folder.read(f"{name}.json") if clean_client(name) == name else None
        return None if data is None else json.loads(data)["chaves"]

    def _write(self, name: str, keys: list[dict[str, str | None]]) -> None:
        self.folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        said = json.dumps({"cliente": name, "chaves": keys}, indent=2)
        self.folder.write(f"{name}.json", f"{said}\n".encode())
        (self.folder.path / f"{name}.json").chmod(0o600)


def _hash(key: str) -> str:
    return sha256(key.encode()).hexdigest()
