"""Stores of landed files: a folder, or a prefix of an S3 bucket. Names are relative paths with slashes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError

_BUSY = "another landing is running there. Wait for it to finish, then run this again."


class Store(Protocol):
    """A store of landed files. A reader of a name sees the complete old file or the complete new one.

    Attributes:
        is_beside_raw: Whether its readers can also open the raw files.
    """

    is_beside_raw: bool

    def names(self) -> set[str]:
        """Return the names of all Parquet files."""

    @contextmanager
    def landing(self) -> Iterator[Path]:
        """Yield a scratch folder; only one landing may run at a time.

        Raises:
            BlockingIOError: Another landing is running.
        """

    def fetch(self, name: str, path: Path) -> bool:
        """Copy a stored file to a local path, and return whether it exists."""

    def put(self, path: Path, name: str) -> None:
        """Move a local file of the scratch folder into the store."""

    def commit(self, path: Path, name: str) -> None:
        """Put the file that makes the others count, after all of them.

        Raises:
            BlockingIOError: Another landing committed it since it was fetched.
        """

    def delete(self, name: str) -> None:
        """Remove a stored file."""


class Folder:
    """Landed files in a local folder."""

    is_beside_raw = True

    def __init__(self, root: Path) -> None:
        """Keep the folder's path; nothing is created before a landing."""
        self.root = root

    def names(self) -> set[str]:
        """Return the names of all Parquet files in the folder and its subfolders."""
        return {
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*.parquet")
            if not path.relative_to(self.root).parts[0].startswith(".")
        }

    @contextmanager
    def landing(self) -> Iterator[Path]:
        """Yield a scratch folder on the same disk, without what a killed landing left in it."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BlockingIOError(f"{self.root}: {_BUSY}") from None
            scratch = self.root / ".scratch"
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            try:
                yield scratch
            finally:
                shutil.rmtree(scratch, ignore_errors=True)

    def fetch(self, name: str, path: Path) -> bool:
        """Copy a stored file to a local path, and return whether it exists."""
        try:
            shutil.copyfile(self.root / name, path)
        except FileNotFoundError:
            return False
        return True

    def put(self, path: Path, name: str) -> None:
        """Sync a local file to disk, then rename it into place; a link to a raw file needs no sync."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_symlink():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        path.replace(target)

    def commit(self, path: Path, name: str) -> None:
        """Put the file: the lock is held, so no other landing can have committed."""
        self.put(path, name)

    def delete(self, name: str) -> None:
        """Remove a stored file, and its folder if that is then empty."""
        path = self.root / name
        path.unlink()
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


class Bucket:
    """Landed files under a prefix of an S3 bucket; AWS_ENDPOINT_URL selects a server other than Amazon's."""

    is_beside_raw = False

    def __init__(self, address: str) -> None:
        """Connect to s3://bucket/prefix, with credentials and region from the usual AWS sources."""
        parts = urlsplit(address)
        self.client = boto3.client("s3")
        self.bucket = parts.netloc
        self.prefix = f"{parts.path.strip('/')}/".lstrip("/")
        self.fetched: dict[str, str] = {}

    def names(self) -> set[str]:
        """Return the names of all Parquet objects under the prefix."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return {key.removeprefix(self.prefix) for key in keys if key.endswith(".parquet")}

    @contextmanager
    def landing(self) -> Iterator[Path]:
        """Yield a local scratch folder. Nothing is locked, because `commit` refuses a second landing."""
        with tempfile.TemporaryDirectory(prefix="lastro_land_") as scratch:
            yield Path(scratch)

    def fetch(self, name: str, path: Path) -> bool:
        """Download an object to a local path, and return whether it exists."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return False
            raise
        self.fetched[name] = found["ETag"]
        with path.open("wb") as file:
            shutil.copyfileobj(found["Body"], file)
        return True

    def put(self, path: Path, name: str) -> None:
        """Upload an object; S3 shows it complete or not at all."""
        self.client.upload_file(str(path), self.bucket, self.prefix + name)
        path.unlink()

    def commit(self, path: Path, name: str) -> None:
        """Upload an object only if it has not changed, or still does not exist, since it was fetched."""
        condition = {"IfMatch": self.fetched[name]} if name in self.fetched else {"IfNoneMatch": "*"}
        with path.open("rb") as file:
            try:
                self.client.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=file, **condition)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                    raise BlockingIOError(f"s3://{self.bucket}/{self.prefix}: {_BUSY}") from None
                raise

    def delete(self, name: str) -> None:
        """Remove an object."""
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)
