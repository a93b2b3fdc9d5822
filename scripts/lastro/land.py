"""Landing: what the raw files hold, as Parquet files of text that both engines can read.

`landed/` has one folder a raw table with one Parquet file a raw file, and one Parquet file a raw table that
lists the raw files (`arquivos`). The reading is dbt's (`macros/raw/land.sql`); this module publishes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

import boto3
import duckdb
from dbt.cli.main import dbtRunner

from lastro import PROJECT

# The names of what is landed: the list of a raw table, and the rows of one raw file.
_LIST = re.compile(r"[a-z0-9_]+/arquivos/[a-z0-9_]+\.parquet")
_ROWS = re.compile(r"[a-z0-9_]+/[a-z0-9_]+/(reference_month=\d{4}-\d\d/)?[^/]+-(?P<file_id>\d+)\.parquet")


class Landing(NamedTuple):
    """What one landing did, in raw files."""

    landed: int
    already_there: int
    removed: int


class LandedFile(NamedTuple):
    """One raw file as a landed list has it."""

    source_file: str
    landed_columns: str


class Store(Protocol):
    """Where landed files live; names are relative, with slashes."""

    def names(self) -> list[str]:
        """The names of all Parquet files."""

    def fetch(self, name: str, path: Path) -> None:
        """Copy a stored file to a local path."""

    def put(self, path: Path, name: str) -> None:
        """Store a local file; whoever reads the name sees the old file or the new one, whole."""

    def delete(self, name: str) -> None:
        """Remove a stored file."""


class Folder:
    """Landed files in a local folder."""

    def __init__(self, root: Path) -> None:
        """Nothing is made before something is put."""
        self.root = root

    def names(self) -> list[str]:
        """The names of all Parquet files below the folder."""
        return [path.relative_to(self.root).as_posix() for path in self.root.rglob("*.parquet")]

    def fetch(self, name: str, path: Path) -> None:
        """Copy a stored file to a local path."""
        shutil.copyfile(self.root / name, path)

    def put(self, path: Path, name: str) -> None:
        """Copy beside the target and rename, which is atomic also when the source is on another disk."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        shutil.copyfile(path, partial)
        partial.replace(target)

    def delete(self, name: str) -> None:
        """Remove a stored file."""
        (self.root / name).unlink()


class Bucket:
    """Landed files below a prefix of an S3 bucket; AWS_ENDPOINT_URL names another server than Amazon's."""

    def __init__(self, address: str) -> None:
        """The address is s3://bucket/prefix; credentials and region are found as every AWS client does."""
        parts = urlsplit(address)
        self.client = boto3.client("s3")
        self.bucket = parts.netloc
        self.prefix = f"{parts.path.strip('/')}/".lstrip("/")

    def names(self) -> list[str]:
        """The names of all Parquet objects below the prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return [key.removeprefix(self.prefix) for key in keys if key.endswith(".parquet")]

    def fetch(self, name: str, path: Path) -> None:
        """Download an object."""
        self.client.download_file(self.bucket, self.prefix + name, str(path))

    def put(self, path: Path, name: str) -> None:
        """Upload an object; S3 shows it whole or not at all."""
        self.client.upload_file(str(path), self.bucket, self.prefix + name)

    def delete(self, name: str) -> None:
        """Remove an object."""
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)


def land(raw: Path, to: str, prune: bool = False, now: datetime | None = None) -> Landing:
    """Bring a landed copy up to date with a raw root.

    Files that are there in the same content and columns are not read into Parquet again. The rows go first,
    then the list of files that makes them count, then what the lists named before and name no more is
    removed: a reader, or a landing that was killed, never meets half a file. One landing at a time.

    Args:
        raw: The raw root.
        to: A local folder, or s3://bucket/prefix.
        prune: Whether landed files whose raw file is gone may be removed.
        now: The time to write as `_landed_at`; the clock's if not given.

    Raises:
        ValueError: A raw file cannot be trusted (the message names file, line and column), or is gone and may
            not be removed. Nothing is changed.
        OSError: The store cannot be read or written.
    """
    store: Store = Bucket(to) if to.startswith("s3://") else Folder(Path(to))
    landed_at = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with tempfile.TemporaryDirectory(prefix="lastro_land_") as scratch:
        folder = Path(scratch)
        before = _listed_files(store, folder)
        names = store.names()
        there = {int(match["file_id"]) for match in map(_ROWS.fullmatch, names) if match}
        staged = folder / "landed"
        staged.mkdir()
        known = {str(file_id): before[file_id].landed_columns for file_id in before.keys() & there}
        _run_operation(raw, staged, landed_at, known)
        written = {unquote(path.name): path for path in sorted(staged.iterdir())}
        lists = [name for name in written if _LIST.fullmatch(name)]
        rows = [name for name in written if name not in lists]
        after: dict[int, LandedFile] = {}
        for name in lists:
            after |= _read_list(written[name])
        gone = {file.source_file for file in before.values()} - {file.source_file for file in after.values()}
        if gone and not prune:
            raise ValueError(
                f"{len(gone)} landed files are no longer below {raw}, {min(gone)} for one. If this is the "
                "right raw root and they are to go, land with --prune."
            )
        for name in rows + lists:
            store.put(written[name], name)
        removed = before.keys() - after.keys()
        for name in names:
            match = _ROWS.fullmatch(name)
            if match and int(match["file_id"]) in removed:
                store.delete(name)
    return Landing(len(rows), len(after) - len(rows), len(removed))


def _listed_files(store: Store, scratch: Path) -> dict[int, LandedFile]:
    """The raw files that the landed lists name, by file_id."""
    found: dict[int, LandedFile] = {}
    for name in filter(_LIST.fullmatch, store.names()):
        copy = scratch / "list.parquet"
        store.fetch(name, copy)
        found |= _read_list(copy)
    return found


def _read_list(path: Path) -> dict[int, LandedFile]:
    rows = duckdb.read_parquet(str(path)).project("file_id, source_file, landed_columns").fetchall()
    return {file_id: LandedFile(source_file, columns) for file_id, source_file, columns in rows}


def _run_operation(raw: Path, staged: Path, landed_at: str, known: dict[str, str]) -> None:
    """Have dbt write the lists of raw files, and the rows of those not known yet in these columns."""
    messages: list[str] = []
    arguments = {"folder": str(staged), "landed_at": landed_at, "known_files": known}
    with _environment(LASTRO_RAW=str(raw), LASTRO_DB=":memory:", LASTRO_LANDED=""):
        result = dbtRunner(
            callbacks=[lambda event: messages.append(event.info.msg) if event.info.level == "error" else None]
        ).invoke(
            ["run-operation", "land", "--args", json.dumps(arguments), "--target", "duckdb", "--quiet"]
            + ["--log-level", "none", "--project-dir", str(PROJECT)]
            # A target folder of its own, so that the next `dbt build` need not parse the project again.
            + ["--profiles-dir", str(PROJECT), "--target-path", str(PROJECT / "target" / "land")]
        )
    if not result.success:
        raise ValueError("\n".join(messages) or str(result.exception))


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    old = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)
