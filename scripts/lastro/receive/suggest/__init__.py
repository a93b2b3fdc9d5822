"""Propose a format for a client's file, from its names and values."""

from __future__ import annotations

import glob
from pathlib import Path, PurePosixPath

from lastro.contract import RawTable
from lastro.receive.containers import unpack
from lastro.receive.places import scratch_folder
from lastro.receive.refusal import Refused
from lastro.receive.suggest.look import look_at
from lastro.receive.suggest.match import SURE, Choice, match
from lastro.receive.suggest.proposal import propose
from lastro.receive.suggest.totals import declared_totals


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
    pattern = files or _pattern(members[0].name or path.name)
    return propose(look, choices, table, client, pattern), remarks


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
