"""The raw files, each with the raw table that reads it. A file that no table reads is a problem."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from lastro.contract import RawTable


class RawFile(NamedTuple):
    """A file under the raw root.

    Attributes:
        name: Its path relative to the root, with slashes.
        path: Its path on disk.
        table: The raw table that reads it.
        problem: Why that table cannot read it, if so.
    """

    name: str
    path: Path
    table: RawTable
    problem: str | None


def raw_files(root: Path, tables: list[RawTable]) -> tuple[list[RawFile], list[str]]:
    """Return the files of every raw table, in order, and a problem for every file that no table reads.

    Hidden files (.gitkeep, .DS_Store) are ignored.

    Raises:
        ValueError: There are no files at all.
        OSError: A folder cannot be read.
    """
    if not root.is_dir():
        raise ValueError(f"No files under {root}. Set LASTRO_RAW to the folder that holds {tables[0].path}.")
    found: list[RawFile] = []
    strays: list[str] = []
    folders = ", ".join(table.folder for table in tables)
    for name in _names(root):
        owner = next((table for table in tables if table.owns(name)), None)
        if owner is None:
            strays.append(
                f"{name}: no raw table is read from this folder. Move the file to one of {folders}"
                f" or out of {root}."
            )
            continue
        problem = None
        if not owner.fits(name):
            problem = f"the name does not match {owner.path}. Rename it, or move it out of the raw folder."
        found.append(RawFile(name, root / name, owner, problem))
    if not found and not strays:
        raise ValueError(f"No files under {root}. Set LASTRO_RAW to the folder that holds {tables[0].path}.")
    return found, strays


def _names(root: Path) -> list[str]:
    def refuse(error: OSError) -> None:
        raise error

    names = []
    for folder, folders, files in os.walk(root, followlinks=True, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names += [(Path(folder) / name).relative_to(root).as_posix() for name in files if name[0] != "."]
    return sorted(names)
