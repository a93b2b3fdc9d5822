"""The four roots of the gate, and what it means when one of them fails."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import duckdb
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError
from s3transfer.exceptions import S3DownloadFailedError

from lastro.receive.roots import Folder, Root, root_at

# Nothing about the file: the same file may be received later.
OUTAGES = (
    OSError,
    BotoCoreError,
    ClientError,
    Boto3Error,
    S3DownloadFailedError,
    MemoryError,
    duckdb.IOException,
    duckdb.OutOfMemoryException,
)

# Stands beside a file in quarantine, and says why it is there.
REASON = "motivo.json"


class Outage(ConnectionError):
    """A place cannot be read or written. Nothing is refused; the next pass goes on where this one stopped."""


@dataclass(frozen=True)
class Places:
    """Where files wait, are kept, are put if refused, and are published if accepted."""

    inbox: Root
    received: Root
    quarantine: Root
    raw: Root

    @classmethod
    def at(cls, inbox: str, received: str, quarantine: str, raw: str) -> Places:
        """Return the places at four addresses, each a folder or s3://bucket/prefix."""
        return cls(root_at(inbox), root_at(received), root_at(quarantine), root_at(raw))

    def sweep(self) -> None:
        """Remove what writers left half-written when they were killed."""
        for root in (self.inbox, self.received, self.quarantine, self.raw):
            if isinstance(root, Folder):
                root.sweep()


def kept_name(name: str) -> str:
    """Return a file's name in its batch's folder, where hidden names and motivo.json are the gate's."""
    name = PurePosixPath(name).name
    return f"_{name}" if name.startswith(".") or name == REASON else name


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder that is gone when its work is done; TMPDIR says where."""
    with tempfile.TemporaryDirectory(prefix="lastro_receive_", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def outages(name: str) -> Iterator[None]:
    """Turn whatever is an outage into an Outage that names a file or a place."""
    try:
        yield
    except Outage:
        raise
    except OUTAGES as error:
        raise outage(name, error) from error


def outage(name: str, error: BaseException) -> Outage:
    """Return an outage as one sentence and its remedy."""
    text = str(error).strip().split("\n")[0] or type(error).__name__
    text = text if text.endswith(".") else f"{text}."
    return Outage(f"{name}: {text} Nothing is lost: run the command again when this is mended.")
