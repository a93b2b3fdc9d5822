"""Claims: what one gate works on, no other gate touches, until the gate ends or its lease runs out."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256

from lastro.receive.roots import Folder, Root

_FOLDER = ".claims"
# S3 tells times in whole seconds.
_RESOLUTION = 1


class LostClaim(Exception):
    """Another gate took over, because this one was silent for longer than its lease."""


@dataclass
class Claim:
    """A claim that this gate holds.

    Attributes:
        name: What is claimed.
        facts: What the gate that takes over has to know; `note` keeps it with the claim.
    """

    name: str
    facts: dict[str, object]
    version: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    is_lost: bool = False


class Claims:
    """The claims in one root, where every gate of an inbox keeps them.

    A claim is a small object whose creation is atomic. It is renewed three times per lease; one that was not
    is taken over by an atomic replacement, so that two heirs cannot both have it.
    """

    def __init__(self, root: Root, lease_seconds: float) -> None:
        """Claim in this root; the lease must be the same for all its gates."""
        self.root = root
        self.lease_seconds = lease_seconds
        self.owner = secrets.token_hex(8)
        self._held: set[str] = set()
        self._guard = threading.Lock()

    def abandoned(self) -> Iterator[str]:
        """Yield the names that dead gates had claimed."""
        for path in self._files():
            entry = self.root.entry(path)
            found = self.root.read(path)
            if found and entry and self._is_stale(entry.seconds, json.loads(found)["facts"]):
                yield json.loads(found)["name"]

    @contextmanager
    def claim(self, name: str, wait: bool = False) -> Iterator[Claim | None]:
        """Hold a claim, or yield None if a living gate has it.

        Args:
            name: What to claim.
            wait: Whether to wait for a living gate to end its claim.
        """
        claim = self._take(name)
        pause = 0.05
        while claim is None and wait:
            time.sleep(pause)
            pause = min(pause * 1.5, 1)
            claim = self._take(name)
        if claim is None:
            yield None
            return
        stop = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(claim, stop), daemon=True)
        renewal.start()
        try:
            yield claim
        except BaseException:
            # The next gate need not wait for the lease.
            with suppress(Exception):
                self.note(claim, is_abandoned=True)
            raise
        finally:
            stop.set()
            renewal.join()
            with self._guard:
                self._held.discard(name)

    def note(self, claim: Claim, **facts: object) -> None:
        """Keep facts with a claim for whoever takes it over.

        Raises:
            LostClaim: Someone took it over.
        """
        claim.facts.update(facts)
        self._write(claim)

    @contextmanager
    def fence(self, claim: Claim) -> Iterator[None]:
        """Keep everyone from taking a claim over during a short action; only in a folder.

        A gate that is suspended within the fence holds up the others; it does not do the action twice.

        Raises:
            LostClaim: Someone took it over.
        """
        assert isinstance(self.root, Folder)
        with claim.lock, self.root.locked():
            entry = self.root.entry(_path(claim.name))
            if claim.is_lost or entry is None or entry.version != claim.version:
                claim.is_lost = True
                raise LostClaim(claim.name)
            yield

    def release(self, claim: Claim) -> None:
        """End a claim whose work is done."""
        with claim.lock:
            if not claim.is_lost:
                self.root.delete(_path(claim.name), claim.version)
                claim.is_lost = True

    def _take(self, name: str) -> Claim | None:
        with self._guard:
            if name in self._held:
                return None
            self._held.add(name)
        claim = None
        try:
            claim = self._created(name) or self._inherited(name)
        except Exception:
            with suppress(Exception):
                self._abandon(name)
            raise
        finally:
            if claim is None:
                with self._guard:
                    self._held.discard(name)
        return claim

    def _created(self, name: str) -> Claim | None:
        claim = Claim(name, {})
        return _held(claim, self.root.create(_path(name), self._text(claim)))

    def _inherited(self, name: str) -> Claim | None:
        entry = self.root.entry(_path(name))
        found = self.root.read(_path(name))
        if entry is None or found is None:
            return None
        facts = json.loads(found)["facts"]
        if not self._is_stale(entry.seconds, facts):
            return None
        facts.pop("is_abandoned", None)
        claim = Claim(name, facts)
        return _held(claim, self.root.replace(_path(name), self._text(claim), entry.version))

    def _abandon(self, name: str) -> None:
        """Leave a claim that was written all the same, although its answer was lost."""
        found = self.root.read_version(_path(name))
        said = json.loads(found[0]) if found else {}
        if found and said["owner"] == self.owner:
            said["facts"]["is_abandoned"] = True
            self.root.replace(_path(name), json.dumps(said, ensure_ascii=False).encode(), found[1])

    def _renew(self, claim: Claim, stop: threading.Event) -> None:
        while not stop.wait(self.lease_seconds / 3):
            try:
                self._write(claim)
            except LostClaim:
                return
            except Exception:
                continue

    def _write(self, claim: Claim) -> None:
        path, text = _path(claim.name), self._text(claim)
        with claim.lock:
            version = None if claim.is_lost else self.root.replace(path, text, claim.version)
            found = None if claim.is_lost or version else self.root.read_version(path)
            if found and json.loads(found[0])["owner"] == self.owner:
                # An earlier writing succeeded, but its answer was lost.
                version = self.root.replace(path, text, found[1])
            if version is None:
                claim.is_lost = True
                raise LostClaim(claim.name)
            claim.version = version

    def _text(self, claim: Claim) -> bytes:
        # A renewal has to be another version of the object, so each writing has its own number.
        said = {
            "name": claim.name,
            "facts": claim.facts,
            "owner": self.owner,
            "writing": secrets.token_hex(4),
        }
        return json.dumps(said, ensure_ascii=False).encode()

    def _is_stale(self, seconds: float, facts: dict[str, object]) -> bool:
        return bool(facts.get("is_abandoned")) or time.time() - seconds > self.lease_seconds + _RESOLUTION

    def _files(self) -> list[str]:
        return [entry.name for entry in self.root.entries(f"{_FOLDER}/")]


def _held(claim: Claim, version: str | None) -> Claim | None:
    """Return a claim with its version; None if there is none, because another gate has it."""
    if version is None:
        return None
    claim.version = version
    return claim


def _path(name: str) -> str:
    return f"{_FOLDER}/{sha256(name.encode()).hexdigest()[:32]}.json"
