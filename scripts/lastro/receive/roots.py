"""The places of the gate: a folder or a prefix of a bucket, with the same few atomic operations."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

_PARTIAL = ".partial"
# A write that takes longer than a day died.
_DEAD_SECONDS = 24 * 3600
# The largest object that S3 takes in one request.
_ONE_REQUEST = 5 * 1024**3


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

    def read_version(self, name: str) -> tuple[bytes, str] | None:
        """Return a small file's bytes and its version, which is no newer than they are, or None."""

    def local(self, name: str, scratch: Path) -> Path:
        """Return a local path with a file's bytes: its own path, or a copy in the scratch folder.

        Raises:
            FileNotFoundError: There is no such file.
        """

    def put(self, name: str, source: Path) -> None:
        """Copy a local file to a name, replacing what is there."""

    def put_over(self, name: str, source: Path, version: str | None) -> bool:
        """Copy a local file over this version of a name (None: no file), and return whether that was so."""

    def write(self, name: str, data: bytes) -> None:
        """Write a small file, replacing what is there."""

    def create(self, name: str, data: bytes) -> str | None:
        """Write a small file, and return its version; None if the name is taken by other bytes."""

    def replace(self, name: str, data: bytes, version: str) -> str | None:
        """Write a small file over this version of it, and return the new one; None if that was not so."""

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
        folder, _, start = prefix.rpartition("/")
        try:
            with os.scandir(self.path / folder) as found:
                items = sorted(
                    (item for item in found if item.name.startswith(start) and item.name[0] != "."),
                    key=lambda item: item.name,
                )
        except (FileNotFoundError, NotADirectoryError):
            return
        for item in items:
            name = f"{folder}/{item.name}" if folder else item.name
            if item.is_dir(follow_symlinks=False):
                yield from self.entries(f"{name}/")
            elif item.is_file(follow_symlinks=False):
                entry = self.entry(name)
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
        return Entry(name, found.st_size, _version(found), found.st_mtime)

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, or None if there is no such file."""
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_version(self, name: str) -> tuple[bytes, str] | None:
        """Return a file's bytes and its version, or None if there is no such file."""
        entry, data = self.entry(name), self.read(name)
        return None if entry is None or data is None else (data, entry.version)

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
            _sync(partial)
            self._rename(partial, name)

    def adopt(self, name: str, source: Path) -> None:
        """Sync a file of the same disk, and give it this name."""
        _sync(source)
        self._rename(source, name)

    def put_over(self, name: str, source: Path, version: str | None) -> bool:
        """Copy a local file beside its target, sync it, and rename it if the target is still as it was."""
        with self._partial() as partial:
            shutil.copyfile(source, partial)
            return self._rename_over(partial, name, version) is not None

    def write(self, name: str, data: bytes) -> None:
        """Write a file beside its target, sync it, and rename it."""
        with self._partial() as partial:
            partial.write_bytes(data)
            _sync(partial)
            self._rename(partial, name)

    def create(self, name: str, data: bytes) -> str | None:
        """Write a file and link it to its name, which fails if the name is taken."""
        with self._partial() as partial:
            partial.write_bytes(data)
            _sync(partial)
            version = _version(partial.stat())
            target = self._target(name)
            try:
                os.link(partial, target)
            except FileExistsError:
                found = self.read_version(name)
                return found[1] if found and found[0] == data else None
            _sync(target.parent)
        return version

    def replace(self, name: str, data: bytes, version: str) -> str | None:
        """Write a file only over this version of it."""
        with self._partial() as partial:
            partial.write_bytes(data)
            return self._rename_over(partial, name, version)

    def delete(self, name: str, version: str | None = None) -> bool:
        """Remove a file. Its folder stays, even if empty: another gate may be about to write there."""
        with self.locked():
            entry = self.entry(name)
            if entry and version and entry.version != version:
                return False
            (self.path / name).unlink(missing_ok=True)
        return True

    def move_to(self, name: str, other: Root, target: str, fence: AbstractContextManager[None]) -> bool:
        """Rename a file within the fence into another folder, and return whether that is on the same disk.

        Raises:
            FileNotFoundError: Someone else moved the file.
        """
        if not isinstance(other, Folder):
            return False
        _sync(self.path / name)
        goal = other._target(target)
        try:
            with fence:
                (self.path / name).rename(goal)
        except OSError as error:
            if error.errno == errno.EXDEV:
                return False
            raise
        _sync(goal.parent)
        return True

    def sweep(self) -> None:
        """Remove what killed writers left half-written."""
        for path in (self.path / _PARTIAL).glob("*"):
            # A living writer may end in between.
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _DEAD_SECONDS:
                    path.unlink()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other process from replacing or deleting a version in this root."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _target(self, name: str) -> Path:
        target = self.path / name
        missing = [folder for folder in target.parents if not folder.exists()]
        target.parent.mkdir(parents=True, exist_ok=True)
        for folder in missing:
            _sync(folder.parent)
        return target

    def _rename(self, partial: Path, name: str) -> None:
        target = self._target(name)
        partial.replace(target)
        _sync(target.parent)

    def _rename_over(self, partial: Path, name: str, version: str | None) -> str | None:
        _sync(partial)
        renamed = _version(partial.stat())
        with self.locked():
            entry = self.entry(name)
            if (entry.version if entry else None) != version:
                return None
            self._rename(partial, name)
        return renamed

    @contextmanager
    def _partial(self) -> Iterator[Path]:
        folder = self.path / _PARTIAL
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / secrets.token_hex(8)
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)


class Bucket:
    """A prefix of an S3 bucket; AWS_ENDPOINT_URL selects a server other than Amazon's."""

    def __init__(self, address: str) -> None:
        """Connect to s3://bucket/prefix, with credentials and region from the usual AWS sources."""
        parts = urlsplit(address)
        self.address = address
        self.bucket = parts.netloc
        self.prefix = f"{parts.path.strip('/')}/".lstrip("/")
        retries = Config(
            retries={
                "mode": "standard",
                "total_max_attempts": int(os.environ.get("AWS_MAX_ATTEMPTS", "8")),
            },
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
        start = prefix.rpartition("/")[0]
        for page in pages:
            for item in page.get("Contents", []):
                name = item["Key"].removeprefix(self.prefix)
                hidden = any(part.startswith(".") for part in name.removeprefix(start).split("/"))
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
        found = self._head(name)
        if found is None:
            return None
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
            if _is_absent(error):
                return None
            raise
        return found["Body"].read(), found["ETag"]

    def local(self, name: str, scratch: Path) -> Path:
        """Download an object into the scratch folder."""
        path = scratch / f"{secrets.token_hex(8)}-{Path(name).name}"
        try:
            self.client.download_file(self.bucket, self.prefix + name, str(path))
        except ClientError as error:
            if _is_absent(error):
                raise FileNotFoundError(f"{self.address}/{name}: no such object.") from None
            raise
        return path

    def put(self, name: str, source: Path) -> None:
        """Upload a file; S3 shows it complete or not at all."""
        self.client.upload_file(str(source), self.bucket, self.prefix + name)

    def put_over(self, name: str, source: Path, version: str | None) -> bool:
        """Upload a file in one request, which alone can be conditional; S3 takes 5 GB in one."""
        if source.stat().st_size > _ONE_REQUEST:
            entry = self.entry(name)
            if (entry.version if entry else None) != version:
                return False
            self.put(name, source)
            return True
        condition = {"IfMatch": version} if version else {"IfNoneMatch": "*"}
        writing = secrets.token_hex(8)
        with source.open("rb") as body:
            if self._put_if(name, body, Metadata={"writing": writing}, **condition):
                return True
        # A request that was repeated because its answer was lost finds its own object.
        found = self._head(name)
        return found is not None and found["Metadata"].get("writing") == writing

    def write(self, name: str, data: bytes) -> None:
        """Write a small object."""
        self.client.put_object(Bucket=self.bucket, Key=self.prefix + name, Body=data)

    def create(self, name: str, data: bytes) -> str | None:
        """Write a small object unless the name is taken."""
        return self._put_if(name, data, IfNoneMatch="*") or self._own(name, data)

    def replace(self, name: str, data: bytes, version: str) -> str | None:
        """Write a small object only over this version of it."""
        return self._put_if(name, data, IfMatch=version) or self._own(name, data)

    def delete(self, name: str, version: str | None = None) -> bool:
        """Remove an object."""
        condition = {"IfMatch": version} if version else {}
        try:
            self.client.delete_object(Bucket=self.bucket, Key=self.prefix + name, **condition)
        except ClientError as error:
            if _status(error) in (409, 412):
                return self.entry(name) is None
            if not _is_absent(error):
                raise
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
                if _status(error) in (409, 412) or _is_absent(error):
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

    def _head(self, name: str) -> dict[str, Any] | None:
        try:
            return self.client.head_object(Bucket=self.bucket, Key=self.prefix + name)
        except ClientError as error:
            if _is_absent(error):
                return None
            raise

    def _put_if(self, name: str, data: bytes | BinaryIO, **condition: str | dict[str, str]) -> str | None:
        for pause in (0.1, 0.3, 1, None):
            if not isinstance(data, bytes):
                data.seek(0)
            try:
                return self.client.put_object(
                    Bucket=self.bucket, Key=self.prefix + name, Body=data, **condition
                )["ETag"]
            except ClientError as error:
                # 409: another request for the same name was under way, which may or may not have succeeded.
                if _status(error) == 409 and pause is not None:
                    time.sleep(pause)
                elif _status(error) in (409, 412) or _is_absent(error):
                    return None
                else:
                    raise
        return None

    def _own(self, name: str, data: bytes) -> str | None:
        """Return the version of what a request wrote that was repeated because its answer was lost."""
        found = self.read_version(name)
        return found[1] if found and found[0] == data else None


def root_at(address: str) -> Folder | Bucket:
    """Return the root at a folder's path or at s3://bucket/prefix."""
    return Bucket(address) if address.startswith("s3://") else Folder(address)


def _status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def _is_absent(error: ClientError) -> bool:
    """Return whether an object does not exist. An answer to HEAD does not say whether its bucket does."""
    return _status(error) == 404 and error.response["Error"]["Code"] != "NoSuchBucket"


def _version(found: os.stat_result) -> str:
    return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
