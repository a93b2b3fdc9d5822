"""The port through which a notification leaves, and the senders that stay on this machine."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import typer

from lastro.notify.message import Message, one_line

# The hosts to which nothing leaves this machine, so that no one can listen.
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class Sender(Protocol):
    """Delivers notifications."""

    @property
    def canal(self) -> str:
        """The name under which the events say what was sent; no two senders of one run share it."""

    @property
    def clients(self) -> frozenset[str]:
        """The senders of files whose batches it tells of; empty for all."""

    def send(self, message: Message) -> None:
        """Deliver a message.

        Raises:
            ConnectionError: One sentence on why it could not be delivered, after whatever is worth trying
                again was. Refused if it never will be, Unreachable if nobody answered.
        """


@dataclass(frozen=True, kw_only=True)
class Console:
    """Prints the text of a message."""

    canal: str = "console"
    clients: frozenset[str] = frozenset()

    def send(self, message: Message) -> None:
        """Print the text.

        Raises:
            ConnectionError: The output is closed or full, or its encoding lacks a letter.
        """
        try:
            typer.echo(message.text)
        except (OSError, UnicodeError) as error:
            raise ConnectionError(
                f"{self.canal}: the text could not be printed: {error}. The next run tries again."
            ) from None


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Writes the text and the JSON of a message as two files that are named by its id.

    Attributes:
        path: The folder, created if it is not there. The JSON comes last: when it is there, so is the text.
    """

    path: Path
    canal: str = "arquivo"
    clients: frozenset[str] = frozenset()

    def send(self, message: Message) -> None:
        """Write the files, or write them again.

        Raises:
            ConnectionError: The folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            _write_whole(self.path / f"{message.id}.txt", message.text)
            _write_whole(self.path / f"{message.id}.json", message.json)
        except OSError as error:
            raise ConnectionError(
                f"{self.canal}: {self.path} could not be written: {error.strerror or error}."
                " The next run tries again."
            ) from None


def _write_whole(path: Path, text: str) -> None:
    """Write a file that is there complete or not at all, also after a power cut.

    Each writer has a temporary name of its own, because two runs may send the same message at once.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with partial.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def short(text: str) -> str:
    """Return what another machine said as the middle of a sentence: one line of at most 200 characters."""
    return one_line(text)[:200].rstrip(".")
