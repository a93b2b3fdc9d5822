"""Propose a format for a client's file, from its names and values."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lastro.contract import RawTable
from lastro.receive.containers import unpack
from lastro.receive.places import scratch_folder
from lastro.receive.refusal import Refused
from lastro.receive.suggest.look import Look, look_at
from lastro.receive.suggest.match import SURE, Choice, match
from lastro.receive.suggest.proposal import propose
from lastro.receive.suggest.totals import declared_totals


@dataclass(frozen=True)
class Seen:
    """What is proposed for a file.

    Attributes:
        name: The name of the file; in an archive, of the one inside.
        looks: What was seen: one look, or one for each visible sheet.
        look: The one whose columns fit best.
        choices: The column that is proposed for each declared one.
    """

    name: str
    looks: list[Look]
    look: Look
    choices: list[Choice]

    @property
    def pattern(self) -> str:
        """The names that a format of this file applies to: those with its ending."""
        return _pattern(self.name)


def see(path: Path, table: RawTable, client: str) -> Seen:
    """Look at a file, and choose a column for each declared one.

    Args:
        path: A file of the client, or an archive of one file.
        table: The raw table that its rows belong to.
        client: The client.

    Raises:
        Refused: Nothing can be proposed.
    """
    with scratch_folder() as scratch:
        members = unpack(path, scratch)
        if len(members) > 1:
            raise Refused(
                "arquivo_aninhado",
                f"the archive has {len(members)} files. Unpack it, and ask for one of them.",
            )
        looks = look_at(members[0].path, scratch)
    # Of several sheets, the one whose columns fit best.
    found = [(look, match(look, table, client)) for look in looks]
    look, choices = max(found, key=lambda each: _fit(each[1]))
    return Seen(members[0].name or path.name, looks, look, choices)


def suggest(path: Path, table: RawTable, client: str, files: str | None) -> tuple[str, list[str]]:
    """Return a proposed format as YAML, and remarks for whoever reads it.

    Args:
        path: A file of the client, or an archive of one file.
        table: The raw table that its rows belong to.
        client: The client.
        files: The pattern of the names that the format applies to; None: those with the ending of this file.

    Raises:
        Refused: Nothing can be proposed.
    """
    seen = see(path, table, client)
    look, looks, choices = seen.look, seen.looks, seen.choices
    remarks = list(look.remarks)
    if len(looks) > 1:
        remarks.append(
            f"The spreadsheet has {len(looks)} visible sheets; this is for sheet {looks.index(look) + 1}."
        )
    missing = [choice.column.name for choice in choices if _is_missing(choice)]
    if missing:
        remarks.append(f"No column fits {', '.join(missing)}: say where it is, or a constant.")
    doubtful = [choice.column.name for choice in choices if choice.source and choice.confidence < SURE]
    if doubtful:
        remarks.append(f"Check {', '.join(doubtful)}: the confidence is below {SURE}.")
    look.settings.update(declared_totals(look, choices, table))
    return propose(look, choices, table, client, files or seen.pattern), remarks


def _fit(choices: list[Choice]) -> float:
    return sum(choice.confidence for choice in choices)


def _is_missing(choice: Choice) -> bool:
    return choice.column.required and choice.source is None and not choice.constant


def _pattern(name: str) -> str:
    suffixes = PurePosixPath(name).suffixes
    kept = (
        "".join(suffixes[-2:])
        if suffixes and suffixes[-1].lower() in (".gz", ".zip")
        else "".join(suffixes[-1:])
    )
    return f"*{glob.escape(kept)}"
