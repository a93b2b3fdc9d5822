"""What a file is, by its first bytes, and what is in an archive."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

import stream_unzip

from lastro.receive.refusal import Refused

_BLOCK = 1024 * 1024
_MB = 1024 * 1024
# What an archive may become. A statement packs to a tenth or a twentieth, a bomb to a thousandth and less.
MAX_MEMBERS = 1_000
MAX_BYTES = 50 * 1024 * _MB
MAX_RATIO = 200
# In bytes. Most disks take 255, and what is kept beside a file has its name and more.
MAX_NAME = 240
_SMALL = 100 * _MB


class Kind(StrEnum):
    """What a file is."""

    text = "text"
    parquet = "parquet"
    xlsx = "xlsx"
    xls = "xls"
    zip = "zip"
    gzip = "gzip"


class Member(NamedTuple):
    """A file that was in an archive.

    Attributes:
        name: Its name in the archive, or None for a file that is no archive of several.
        path: Where it is now.
    """

    name: str | None
    path: Path


# The member that every spreadsheet has. A damaged one is no archive of files.
_OF_A_WORKBOOK = "[Content_Types].xml"
# Files that no table can come from, by their first bytes.
_FOREIGN = {
    b"%PDF": "a PDF",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"SQLite format 3": "a database",
}


def kind_of(path: Path) -> Kind:
    """Return what a file is.

    Raises:
        Refused: It is empty, or nothing that holds a table.
    """
    with path.open("rb") as file:
        start = file.read(16)
    if not start:
        raise Refused("arquivo_vazio", "the file has no bytes. Send it again.")
    if start.startswith(b"PAR1"):
        return Kind.parquet
    if start.startswith(b"\x1f\x8b"):
        return Kind.gzip
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return Kind.xls
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return Kind.xlsx if _is_workbook(path) else Kind.zip
    for magic, name in _FOREIGN.items():
        if start.startswith(magic):
            raise Refused(
                "tipo_desconhecido", f"the file is {name}. Send text, a spreadsheet, Parquet, zip or gzip."
            )
    return Kind.text


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return _OF_A_WORKBOOK in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def unpack(path: Path, scratch: Path) -> list[Member]:
    """Return the files in an archive, unpacked into the scratch folder; any other file as it is.

    Raises:
        Refused: The archive is damaged, protected or dangerous, or holds nothing.
    """
    kind = kind_of(path)
    if kind is Kind.gzip:
        return [Member(None, _gunzip(path, scratch / "unpacked"))]
    if kind is not Kind.zip:
        return [Member(None, path)]
    members = list(_unzip(path, scratch))
    if not members:
        raise Refused("arquivo_vazio", "the archive has no file. Send it again.")
    return members


def _gunzip(path: Path, target: Path) -> Path:
    budget = _Budget(path.stat().st_size)
    try:
        with gzip.open(path) as source, target.open("wb") as out:
            _copy(iter(lambda: source.read(_BLOCK), b""), out, budget)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise Refused(
            "arquivo_truncado", "the gzip archive is damaged or incomplete. Send it again."
        ) from None
    _refuse_nested(target)
    return target


def _unzip(path: Path, scratch: Path) -> Iterator[Member]:
    budget = _Budget(path.stat().st_size)
    seen: set[str] = set()
    with path.open("rb") as file:
        try:
            for raw_name, _, blocks in stream_unzip.stream_unzip(iter(lambda: file.read(_BLOCK), b"")):
                name = _member_name(raw_name)
                if name == _OF_A_WORKBOOK:
                    raise Refused("planilha_ilegivel", "the spreadsheet is damaged. Save and send it again.")
                if name.endswith("/") or _is_of_the_system(name):
                    for _block in blocks:
                        pass
                    continue
                # Folders say nothing, so two files of one name would be one raw file.
                plain = PurePosixPath(name).name.lower()
                if plain in seen:
                    raise Refused(
                        "membro_repetido",
                        f"the archive has two files {plain!r}. Send each once, under a name of its own.",
                    )
                if len(seen) == MAX_MEMBERS:
                    raise Refused(
                        "arquivo_grande_demais",
                        f"the archive has more than {MAX_MEMBERS} files. Send it in parts.",
                    )
                seen.add(plain)
                target = scratch / f"member-{len(seen)}"
                with target.open("wb") as out:
                    _copy(blocks, out, budget)
                _refuse_nested(target, name)
                yield Member(name, target)
        except (stream_unzip.PasswordError, stream_unzip.MissingPasswordError):
            raise Refused(
                "arquivo_protegido", "the archive has a password. Send it without one, over a safe line."
            ) from None
        except (stream_unzip.UnzipError, zlib.error):
            raise Refused(
                "arquivo_truncado", "the zip archive is damaged or incomplete. Send it again."
            ) from None


def _member_name(raw: bytes) -> str:
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        name = raw.decode("cp437")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\0" in name:
        raise Refused(
            "caminho_inseguro", f"the archive has the path {name!r}, which leads out of it. Send plain names."
        )
    if len(path.name.encode()) > MAX_NAME:
        raise Refused(
            "caminho_inseguro",
            f"the archive has a name of {len(path.name.encode())} bytes. Send names of at most {MAX_NAME}.",
        )
    return name


def _is_of_the_system(name: str) -> bool:
    """Return whether a system put this file into the archive beside what was to be sent."""
    return name.startswith("__MACOSX/") or name.rpartition("/")[2] in (
        ".DS_Store",
        "Thumbs.db",
        "desktop.ini",
    )


def _refuse_nested(path: Path, name: str = "the file inside") -> None:
    if path.stat().st_size and kind_of(path) in (Kind.zip, Kind.gzip):
        raise Refused(
            "arquivo_aninhado", f"{name} is an archive within an archive. Pack the files only once."
        )


class _Budget:
    """What an archive may still unpack to."""

    def __init__(self, packed: int) -> None:
        self.packed = packed
        self.unpacked = 0

    def spend(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > MAX_BYTES or (
            self.unpacked > _SMALL and self.unpacked > MAX_RATIO * max(self.packed, 1)
        ):
            raise Refused(
                "arquivo_grande_demais",
                f"the archive of {self.packed} bytes unpacks to more than {self.unpacked} bytes."
                " Send it in parts.",
            )


def _copy(blocks: Iterator[bytes], out: BinaryIO, budget: _Budget) -> None:
    for block in blocks:
        budget.spend(len(block))
        out.write(block)
