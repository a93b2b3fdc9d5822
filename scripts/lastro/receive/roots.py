"""The places of the gate: a folder or a prefix of a bucket, with the same few atomic operations."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_PARTIAL = ".partial"
# A write that takes longer than a day died.
_DEAD_SECONDS = 24 * 3600


class Entry(NamedTuple):
    """A file of a root.

    Attributes:
        name: Its path relative to the root, with slashes.
        size: Its size in bytes.
        version: A text that changes when the file does.
        seconds: When it was last changed, in seconds of the epoch.
    """

    name: str
    size: int
    version: str
    seconds: float


class Root(Protocol):
    """A place that holds files. A reader of a name sees a whole file or none, whenever a writer is killed."""

    address: str

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Yield every file whose name starts with the prefix, without hidden files and folders."""

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the folders directly in a folder, whose name ends with a slash."""

    def entry(self, name: str) -> Entry | None:
        """Return one file, also a hidden one, or None."""

    def read(self, name: str) -> bytes | None:
        """Return a small file's bytes, or None if there is no such file."""

    def local(self, name: str, scratch: Path) -> Path:
        """Return a local path with a file's bytes: its own path, or a copy in the scratch folder.

        Raises:
            FileNotFoundError: There is no such file.
        """

    def put(self, name: str, source: Path) -> None:
        """Copy a local file to a name, replacing what is there."""

    def write(self, name: str, data: bytes) -> None:
        """Write a small file, replacing what is there."""

    def create(self, name: str, data: bytes) -> bool:
        """Write a small file unless the name is taken, and return whether the name now holds these bytes."""

    def replace(self, name: str, data: bytes, version: str) -> bool:
        """Write a small file only over this version of it, and return whether that was so."""

    def delete(self, name: str, version: str | None = None) -> bool:
        """Remove a file, if asked only this version of it, and return whether it is gone."""


class Folder:
    """A local folder."""

    def __init__(self, address: str | Path) -> None:
        """Keep the path; the folder is created when something is written."""
        self.path = Path(address)
        self.address = str(address)

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Yield every file whose name starts with the prefix, in the order of the names."""
        for folder, folders, files in os.walk(self.path / prefix.rpartition("/")[0], onerror=_refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            inside = Path(folder).relative_to(self.path).as_posix()
            inside = "" if inside == "." else f"{inside}/"
            # Text first: a day's folder holds the events of all its batches, and is asked for one of them.
            for name in sorted(name for name in files if f"{inside}{name}".startswith(prefix)):
                if name.startswith(".") or (self.path / inside / name).is_symlink():
                    continue
                entry = self.entry(f"{inside}{name}")
                if entry:
                    yield entry

    def folders(self, prefix: str) -> list[str]:
        """Return the names of the subfolders of a folder, in order."""
        try:
            return sorted(path.name for path in (self.path / prefix).iterdir() if path.is_dir())
        except FileNotFoundError:
            return []

    def entry(self, name: str) -> Entry | None:
        """Return one file, or None."""
        try:
            found = (self.path / name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return Entry(
            name, found.st_size, f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}", found.st_mtime
        )

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, or None if there is no such file."""
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def local(self, name: str, scratch: Path) -> Path:
        """Return the file's own path."""
        path = self.path / name
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such file.")
        return path

    def put(self, name: str, source: Path) -> None:
        """Copy a local file beside its target, sync it, and rename it."""
        with self._partial() as partial:
            shutil.copyfile(source, partial)
            self._publish(partial, name)

    def write(self, name: str, data: bytes) -> None:
        """Write a file beside its target, sync it, and rename it."""
        with self._partial() as partial:
            partial.write_bytes(data)
            self._publish(partial, name)

    def create(self, name: str, data: bytes) -> bool:
        """Write a file and link it to its name, which fails if the name is taken."""
        with self._partial() as partial:
            partial.write_bytes(data)
            _sync(partial)
            target = self._target(name)
            try:
                os.link(partial, target)
            except FileExistsError:
                return self.read(name) == data
            _sync(target.parent)
        return True

    def replace(self, name: str, data: bytes, version: str) -> bool:
        """Write a file only over this version of it; all replacements of the root are serialised."""
        with self._locked():
            entry = self.entry(name)
            if entry is None or entry.version != version:
                return False
            self.write(name, data)
        return True

    def delete(self, name: str, version: str | None = None) -> bool:
        """Remove a file, and its folder if that is then empty."""
        with self._locked():
            entry = self.entry(name)
            if entry and version and entry.version != version:
                return False
            path = self.path / name
            path.unlink(missing_ok=True)
            if path.parent != self.path and path.parent.is_dir() and not any(path.parent.iterdir()):
                path.parent.rmdir()
        return True

    def move_to(self, name: str, other: Root, target: str) -> bool:
        """Rename a file into another folder of the same disk, and return whether that was possible.

        Raises:
            FileNotFoundError: Someone else moved the file.
        """
        if not isinstance(other, Folder):
            return False
        other.path.mkdir(parents=True, exist_ok=True)
        if other.path.stat().st_dev != (self.path / name).parent.stat().st_dev:
            return False
        goal = other._target(target)
        _sync(self.path / name)
        (self.path / name).rename(goal)
        _sync(goal.parent)
        return True

    def sweep(self) -> None:
        """Remove what killed writers left half-written."""
        for path in (self.path / _PARTIAL).glob("*"):
            if path.stat().st_mtime < time.time() - _DEAD_SECONDS:
                path.unlink(missing_ok=True)

    def _target(self, name: str) -> Path:
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _publish(self, partial: Path, name: str) -> None:
        _sync(partial)
        target = self._target(name)
        partial.replace(target)
        _sync(target.parent)

    @contextmanager
    def _partial(self) -> Iterator[Path]:
        folder = self.path / _PARTIAL
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / secrets.token_hex(8)
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


class Bucket:
    """A prefix of an S3 bucket; AWS_ENDPOINT_URL selects a server other than Amazon's."""

    def __init__(self, address: str) -> None:
        """Connect to s3://bucket/prefix, with credentials and region from the usual AWS sources."""
        parts = urlsplit(address)
        self.address = address
        self.bucket = parts.netloc
        self.prefix = f"{parts.path.strip('/')}/".lstrip("/")
        retries = Config(
            retries={"mode": "standard", "total_max_attempts": 8},
            connect_timeout=10,
            read_timeout=60,
            # Threads of one gate share the client.
            max_pool_connections=50,
        )
        self.client = boto3.client("s3", config=retries)

    def entries(self, prefix: str = "") -> Iterator[Entry]:
        """Yield every object under the prefix, in the order of the names."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix + prefix
        )
        for page in pages:
            for item in page.get("Contents", []):
                name = item["Key"].removeprefix(self.prefix)
                hidden = any(part.startswith(".") for part in name.removeprefix(prefix).split("/"))
                if name and not name.endswith("/") and not hidden:
                    yield Entry(name, item["Size"], item["ETag"], item["LastModified"].timestamp())

    def folders(self, prefix: str) -> list[str]:
        """Return the parts up to the next slash of the names under a prefix, in order."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self.prefix + prefix, Delimiter="/"
        )
        found = [item["Prefix"] for page in pages for item in page.get("CommonPrefixes", [])]
        return [name.removeprefix(self.prefix + prefix).rstrip("/") for name in found]

    def entry(self, name: str) -> Entry | None:
        """Return one object, or None."""
        try:
            found = self.client.head_object(Bucket=self.bucket, Key=self.prefix + name)
        except ClientError as error:
            if _status(error) == 404:
                return None
            raise
        return Entry(name, found["ContentLength"], found["ETag"], found["LastModified"].timestamp())

    def read(self, name: str) -> bytes | None:
        """Return an object's bytes, or None if there is no such object."""
        found = self.read_version(name)
        return found[0] if found else None

    def read_version(self, name: str) -> tuple[bytes, str] | None:
        """Return an object's bytes and version, or None if there is no such object."""
        try:
            found = self.client.get_object(Bucket=self.bucket, Key=self.prefix + name)
        except ClientError as error:
            if _status(error) == 404:
                return None
            raise
        return found["Body"].read(), found["ETag"]

    def local(self, name: str, scratch: Path) -> Path:
        """Download an object into the scratch folder."""
        path = scratch / f"{secrets.token_hex(8)}-{Path(name).name}"
        try:
            self.client.download_file(self.bucket, self.prefix + name, str(path))
        except ClientError as error:
            if _status(error) == 404:
                raise FileNotFoundError(f"{self.address}/{name}: no such object.") from None
            raise
        return path

    def put(self, name: str, source: Path) -> None:
        """Upload a file; S3 shows it complete or not at all."""
        self.client.upload_file(str(source), self.bucket, self.prefix + name)

    def write(self, name: str, data: bytes) -> None:
        """Write a small object."""
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=data)

    def create(self, name: str, data: bytes) -> bool:
        """Write a small object unless the name is taken."""
        if self._put_if(name, data, IfNoneMatch="*"):
            return True
        # A request that was repeated because its answer was lost finds its own object.
        return self.read(name) == data

    def replace(self, name: str, data: bytes, version: str) -> bool:
        """Write a small object only over this version of it."""
        return self._put_if(name, data, IfMatch=version) or self.read(name) == data

    def delete(self, name: str, version: str | None = None) -> bool:
        """Remove an object."""
        if version:
            entry = self.entry(name)
            if entry is None:
                return True
            if entry.version != version:
                return False
        self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name)
        return True

    def copy_to(self, name: str, version: str, other: Root, target: str, scratch: Path) -> bool:
        """Copy this version of an object to another root, and return whether it still was there."""
        if isinstance(other, Bucket):
            try:
                self.client.copy(
                    {"Bucket": self.bucket, "Key": self.prefix + name},
                    other.bucket,
                    other.prefix + target,
                    ExtraArgs={"CopySourceIfMatch": version},
                )
            except ClientError as error:
                if _status(error) in (404, 409, 412):
                    return False
                raise
            return True
        try:
            path = self.local(name, scratch)
        except FileNotFoundError:
            return False
        try:
            entry = self.entry(name)
            if entry is None or entry.version != version:
                return False
            other.put(target, path)
        finally:
            path.unlink(missing_ok=True)
        return True

    def _put_if(self, name: str, data: bytes, **condition: str) -> bool:
        try:
            self.client.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=data, **condition)
        except ClientError as error:
            if _status(error) in (404, 409, 412):
                return False
            raise
        return True


def root_at(address: str) -> Folder | Bucket:
    """Return the root at a folder's path or at s3://bucket/prefix."""
    return Bucket(address) if address.startswith("s3://") else Folder(address)


def _status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
