"""Sessions of the page, in memory: a server that starts again asks everybody for the key."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from lastro.serve.clients import Clients
from lastro.serve.problems import Problem

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=8)
_WRONG_KEYS, _WINDOW = 10, timedelta(minutes=1)


@dataclass
class Session:
    """Somebody who entered a client's key.

    Attributes:
        client: Whose key it is.
        csrf: What every form of the session has, and no other site knows.
        key: The key, which may be revoked meanwhile.
        started: When it was entered.
        seen: When the last request came.
    """

    client: str
    csrf: str
    key: str
    started: datetime
    seen: datetime

    def has_token(self, token: object) -> bool:
        """Return whether a form is of this session."""
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self.csrf.encode())


class Sessions:
    """The sessions of all clients."""

    def __init__(self, clients: Clients, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Keep none yet.

        Args:
            clients: Who has which key.
            now: The time by which sessions end.
        """
        self.clients = clients
        self.now = now
        self._kept: dict[str, Session] = {}
        self._lock = threading.Lock()

    def begin(self, key: str) -> str | None:
        """Begin a session and return what its cookie holds, or None if the key is nobody's."""
        client = self.clients.client_of(key)
        if client is None:
            return None
        token, now = secrets.token_urlsafe(32), self.now()
        with self._lock:
            self._kept = {name: kept for name, kept in self._kept.items() if not self._is_over(kept)}
            self._kept[_hash(token)] = Session(client, secrets.token_urlsafe(32), key, now, now)
        return token

    def find(self, token: str | None) -> Session | None:
        """Return the session of a cookie and count this as its use, or None if it is over."""
        found = self._kept.get(_hash(token or ""))
        if found is None:
            return None
        if self._is_over(found) or self.clients.client_of(found.key) != found.client:
            self.end(token)
            return None
        found.seen = self.now()
        return found

    def end(self, token: str | None) -> None:
        """End the session of a cookie."""
        with self._lock:
            self._kept.pop(_hash(token or ""), None)

    def _is_over(self, session: Session) -> bool:
        now = self.now()
        return now - session.seen >= IDLE or now - session.started >= LONGEST


class Attempts:
    """The wrong keys of each address in the last minute."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """Count from zero."""
        self.now = now
        self._wrong: dict[str, list[datetime]] = {}

    def refuse_too_many(self, address: str) -> None:
        """Raise a Problem if the address has to wait.

        Raises:
            Problem: It sent too many wrong keys.
        """
        since = self.now() - _WINDOW
        recent = {name: [at for at in times if at > since] for name, times in self._wrong.items()}
        self._wrong = {name: times for name, times in recent.items() if times}
        if len(self._wrong.get(address, [])) >= _WRONG_KEYS:
            raise Problem(
                429,
                "tentativas_demais",
                "Houve tentativas demais com chaves erradas.",
                "Espere um minuto e tente de novo.",
                {"Retry-After": str(int(_WINDOW.total_seconds()))},
            )

    def count(self, address: str) -> None:
        """Count a wrong key."""
        self._wrong.setdefault(address, []).append(self.now())


def _hash(token: str) -> str:
    # A look-up by hash takes the same time for every wrong token.
    return sha256(token.encode()).hexdigest()
