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

# The names of what is landed; anything else in the store is somebody else's, and neither read nor removed.
_LIST = re.compile(r"[a-z_]+/arquivos/[a-z_]+\.parquet")
_ROWS = re.compile(r"[a-z_]+/[a-z_]+/(reference_month=\d{4}-\d\d/)?[^/]+-(?P<file_id>\d+)\.parquet")


class Landing(NamedTuple):
    """What one landing did, in raw files."""

    landed: int
    already_there: int
    removed: int


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


def land(raw: Path, to: str, now: datetime | None = None) -> Landing:
    """Bring a landed copy up to date with a raw root.

    Files that are there in the same content are not read into Parquet again. The rows go first, then the list
    of files that makes them count, then what no list names any more is removed: a reader, or a landing that
    was killed, never meets half a file.

    Args:
        raw: The raw root.
        to: A local folder, or s3://bucket/prefix.
        now: The time to write as `_landed_at`; the clock's if not given.

    Raises:
        ValueError: A raw file cannot be trusted; the message names file, line and column. Nothing is changed.
        OSError: The store cannot be read or written.
    """
    store: Store = Bucket(to) if to.startswith("s3://") else Folder(Path(to))
    landed_at = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with tempfile.TemporaryDirectory(prefix="lastro_land_") as scratch:
        folder = Path(scratch)
        known = _listed_files(store, folder)
        staged = folder / "landed"
        staged.mkdir()
        _run_operation(raw, staged, landed_at, sorted(known))
        written = {unquote(path.name): path for path in sorted(staged.iterdir())}
        rows = [name for name in written if not _LIST.fullmatch(name)]
        for name in rows + [name for name in written if _LIST.fullmatch(name)]:
            store.put(written[name], name)
        listed = _listed_files(store, folder)
        for name in store.names():
            match = _ROWS.fullmatch(name)
            if match and int(match["file_id"]) not in listed:
                store.delete(name)
    return Landing(len(rows), len(listed) - len(rows), len(known - listed))


def _listed_files(store: Store, scratch: Path) -> set[int]:
    """The raw files that the landed lists name."""
    found: set[int] = set()
    for name in filter(_LIST.fullmatch, store.names()):
        copy = scratch / "list.parquet"
        store.fetch(name, copy)
        found.update(row[0] for row in duckdb.read_parquet(str(copy)).project("file_id").fetchall())
    return found


def _run_operation(raw: Path, staged: Path, landed_at: str, known: list[int]) -> None:
    """Have dbt write the lists of raw files, and the rows of those not known yet, as Parquet."""
    messages: list[str] = []
    arguments = {"folder": str(staged), "landed_at": landed_at, "known_files": known}
    with _environment(LASTRO_RAW=str(raw), LASTRO_DB=":memory:", LASTRO_LANDED=""):
        result = dbtRunner(
            callbacks=[lambda event: messages.append(event.info.msg) if event.info.level == "error" else None]
        ).invoke(
            ["run-operation", "land", "--args", json.dumps(arguments), "--target", "duckdb", "--quiet"]
            + ["--log-level", "none", "--project-dir", str(_project())]
            # A target folder of its own, so that the next `dbt build` need not parse the project again.
            + ["--profiles-dir", str(_project()), "--target-path", str(_project() / "target" / "land")]
        )
    if not result.success:
        raise ValueError("\n".join(messages) or str(result.exception))


def _project() -> Path:
    """The dbt project that this command stands in."""
    return Path(__file__).parents[2]


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    old = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(old)
