"""The inbox: which files are complete, what belongs to them, and how one is moved into its batch."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from lastro.contract import Arrival, RawTable
from lastro.receive.claims import Claim, Claims
from lastro.receive.containers import Member
from lastro.receive.places import scratch_folder
from lastro.receive.refusal import Refused
from lastro.receive.roots import Bucket, Entry, Folder, Root

# Files that are still being written carry these endings.
_UNFINISHED = re.compile(r".*\.(part|tmp|filepart|crdownload|swp)", re.IGNORECASE)


class Inbox:
    """The files that wait, as the source YAMLs describe them."""

    def __init__(self, root: Root, tables: list[RawTable]) -> None:
        """Look into this root for files of these tables."""
        self.root = root
        self.tables = [table for table in tables if table.inbox]
        self._seen: dict[str, str] | None = None

    def complete(self, settle_seconds: float, pause: Callable[[float], None] = time.sleep) -> list[str]:
        """Return the names of the complete files.

        A file in a folder is complete if two scans see the same size and time. If its table declares a marker
        or a control file, it also waits for that. Objects in a bucket are complete when they are there.

        Args:
            settle_seconds: The time between the scans; 0 trusts the first one.
            pause: What waits for that time.
        """
        if isinstance(self.root, Folder):
            self._mend_names(self.root)
        seen = {entry.name: entry.version for entry in self._entries()}
        if isinstance(self.root, Folder) and settle_seconds and seen:
            pause(settle_seconds)
            seen = dict(seen.items() & {(entry.name, entry.version) for entry in self._entries()})
        self._seen = seen
        return [
            name
            for name in sorted(seen)
            if self._is_file(name) and seen.keys() >= set(self.companions(name).values())
        ]

    def is_as_seen(self, name: str) -> bool:
        """Return whether a file is there, and did not change since `complete` saw it whole.

        In between, another gate may have taken it, and its sender may be writing the next of the same name.
        """
        entry = self.root.entry(name)
        if entry is None or self._seen is None or isinstance(self.root, Bucket):
            return entry is not None
        return self._seen.get(name) == entry.version

    def incomplete(self) -> list[str]:
        """Return the names of the files that wait for their end, a marker, or the file they belong to."""
        names = {entry.name for entry in self._entries()}
        complete = {
            name for name in names if self._is_file(name) and names.issuperset(self.companions(name).values())
        }
        belonging = {other for name in complete for other in self.companions(name).values()}
        return sorted(names - complete - belonging)

    def companions(self, name: str) -> dict[str, str]:
        """Return the names of the `marker` and the `control` file that the table of a file declares."""
        arrival = self.arrival(name)
        if arrival is None or arrival.table.inbox is None:
            return {}
        said = {"marker": arrival.table.inbox.marker, "control": arrival.table.inbox.control}
        return {what: name + ending for what, ending in said.items() if ending}

    def arrival(self, name: str) -> Arrival | None:
        """Return what a name says, or None if no table takes it."""
        return next((found for table in self.tables if (found := table.arrival(name))), None)

    def name_of(self, name: str, member: Member, is_alone: bool) -> str:
        """Return the name by which a file is judged: its own, or that of an archive of this file alone.

        Of several, each needs its own name: under the archive's the last would replace the others.
        """
        if member.name is None:
            return name
        inner = f"{name.rpartition('/')[0]}/{Path(member.name).name}".lstrip("/")
        return name if is_alone and self.arrival(name) and not self.arrival(inner) else inner

    def required_arrival(self, name: str) -> Arrival:
        """Return what a name says.

        Raises:
            Refused: No table takes it.
        """
        arrival = self.arrival(name)
        if arrival is None:
            patterns = [table.inbox.path for table in self.tables if table.inbox]
            # Whoever sends cards need not know what else arrives here.
            own = [path for path in patterns if path.split("/")[0] == name.split("/")[0]]
            raise Refused(
                "arquivo_sem_destino",
                f"no table takes a file of this name. Send it as {' or '.join(own or patterns)}.",
            )
        return arrival

    def sender(self, name: str) -> str:
        """Return who sent a file: a client, or the business that its folder names."""
        arrival = self.arrival(name)
        return arrival.client if arrival else name.split("/")[0] if "/" in name else "desconhecido"

    def take(self, name: str, received: Root, target: str, claims: Claims, claim: Claim) -> bool:
        """Move a file into another root, and return whether it is there, now or since a dead gate moved it.

        Args:
            name: The file.
            received: The root that keeps it.
            target: Its name there.
            claims: Where the claim stands.
            claim: The claim on the file; it keeps what the next gate needs if this one dies.
        """
        claims.note(claim)
        if isinstance(self.root, Bucket):
            return self._take_object(self.root, name, received, target, claims, claim)
        # Its name is that of the batch, so that a gate that wakes up late finds no newer file there.
        aside = f".aside/{sha256(target.encode()).hexdigest()[:32]}"
        if self.root.entry(aside) is None:
            if received.entry(target):
                return True
            if not self.is_as_seen(name):
                return False
            try:
                # A gate that lost its claim while it was suspended must not touch a newer file of this name.
                if self.root.move_to(name, received, target, claims.fence(claim)):
                    return True
                # A copy to another disk takes its time: no sender may change the file meanwhile.
                self.root.move_to(name, self.root, aside, claims.fence(claim))
            except FileNotFoundError:
                return False
        try:
            received.put(target, self.root.local(aside, Path()))
        except FileNotFoundError:
            # This gate was suspended, and another one ended its work.
            return received.entry(target) is not None
        self.root.delete(aside)
        return True

    def _take_object(
        self, root: Bucket, name: str, received: Root, target: str, claims: Claims, claim: Claim
    ) -> bool:
        is_kept = received.entry(target) is not None
        entry = root.entry(name)
        while not is_kept and entry:
            claims.note(claim, **{f"version of {name}": entry.version})
            with scratch_folder() as scratch:
                is_kept = root.copy_to(name, entry.version, received, target, scratch)
            entry = root.entry(name)
        version = claim.facts.get(f"version of {name}")
        if is_kept and version:
            root.delete(name, str(version))
        return is_kept

    def _entries(self) -> list[Entry]:
        return [entry for entry in self.root.entries() if _is_text(entry.name)]

    def _mend_names(self, root: Folder) -> None:
        """Rename files whose names are in Windows-1252, as old systems write them: no event could tell."""
        for entry in root.entries():
            if not _is_text(entry.name) and not _UNFINISHED.fullmatch(entry.name):
                path = root.path / entry.name
                mended = root.path / os.fsencode(entry.name).decode("cp1252", "replace")
                # Another gate may do the same, and a file of that name is taken first.
                with suppress(FileNotFoundError):
                    if not mended.exists():
                        mended.parent.mkdir(parents=True, exist_ok=True)
                        path.rename(mended)

    def _is_file(self, name: str) -> bool:
        """Return whether a name is that of a file to judge, and not of one that is still being written."""
        return not _UNFINISHED.fullmatch(name) and not self._belongs_to_another(name)

    def _belongs_to_another(self, name: str) -> bool:
        """Return whether a name is that of a marker or a control file."""
        return any(
            ending and name.endswith(ending) and table.arrival(name.removesuffix(ending))
            for table in self.tables
            if table.inbox
            for ending in (table.inbox.marker, table.inbox.control)
        )


def _is_text(name: str) -> bool:
    """Return whether a name on disk is UTF-8; Python keeps other bytes as surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in name)
