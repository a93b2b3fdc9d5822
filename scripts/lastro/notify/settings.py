"""Which senders there are: a TOML file that LASTRO_NOTIFY names.

    # notify.toml. Each [[sender]] gets every notification, or those of some senders of files (`clients`).

    [[sender]]
    kind = "console"

    [[sender]]
    kind = "folder"                                # one .txt and one .json per notification
    path = "notificacoes"                          # relative to this file

    [[sender]]
    kind = "smtp"
    host = "smtp.empresa.com.br"
    from = "lastro@empresa.com.br"
    to = ["arquivos@cartoes.com.br"]
    user = "lastro"                                # leave out both if the server asks for none
    password_env = "LASTRO_SMTP_PASSWORD"          # the variable that holds it, never the password itself
    tls = "required"                               # STARTTLS (default); "implicit", "offered"
    port = 587                                     # default: 587, implicit 465, offered 25
    timeout = 10                                   # seconds, default 10
    clients = ["cartoes"]

    [[sender]]
    kind = "webhook"
    name = "cobranca"                              # needed only if there are two of a kind: webhook:cobranca
    url = "https://cobranca.com.br/lastro"
    secret_env = "LASTRO_WEBHOOK_SECRET"           # holds whsec_ and the base64 of 24 to 64 random bytes

Without LASTRO_NOTIFY, notifications go to the console. No error shows a value that could be a secret.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lastro.notify.mail import SMTP_PORTS, Smtp, Tls
from lastro.notify.senders import Console, Folder, Sender
from lastro.notify.webhook import Webhook

VARIABLE = "LASTRO_NOTIFY"

# Keys under which someone may write a secret itself.
_SECRETS = {
    "password": "password_env",
    "senha": "password_env",
    "secret": "secret_env",
    "segredo": "secret_env",
    "token": "secret_env",
}


def configured_senders(environment: Mapping[str, str] = os.environ) -> list[Sender]:
    """Return the senders of the file that LASTRO_NOTIFY names, or the console alone.

    Args:
        environment: Where LASTRO_NOTIFY and the secrets stand.

    Raises:
        ValueError: As `read_senders`.
    """
    path = environment.get(VARIABLE)
    return read_senders(Path(path), environment) if path else [Console()]


def read_senders(path: Path, environment: Mapping[str, str] = os.environ) -> list[Sender]:
    """Return the senders of a TOML file, in its order.

    Args:
        path: The file; this module's head shows one.
        environment: Where the variables stand that hold the secrets.

    Raises:
        ValueError: The file cannot be read, or an entry is malformed, holds a secret, or names a variable
            that is not set. The message says which entry, and what to do.
    """
    entries = _entries(path)
    senders: list[Sender] = []
    for number, entry in enumerate(entries, 1):
        kind = entry.get("kind")
        if not isinstance(kind, str) or kind not in _KINDS:
            raise ValueError(f"{path}: sender {number}: kind must be one of {', '.join(_KINDS)}.")
        try:
            sender = _sender(kind, entry, path.parent, environment)
        except ValueError as error:
            raise ValueError(f"{path}: sender {number} ({kind}): {error}") from None
        if sender.canal in [other.canal for other in senders]:
            raise ValueError(
                f"{path}: sender {number} ({kind}): there is one called {sender.canal} already."
                ' Give it a name of its own: name = "…".'
            )
        senders.append(sender)
    return senders


def _entries(path: Path) -> list[dict[str, Any]]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}. Correct {VARIABLE}, or unset it.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not UTF-8. Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        # Its text names the line and shows at most one character.
        raise ValueError(f"{path}: not TOML: {error}.") from None
    if other := document.keys() - {"sender"}:
        raise ValueError(
            f"{path}: {min(other)} stands outside of [[sender]]. Move it below one, or remove it."
        )
    entries = document.get("sender")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{path}: no [[sender]], in two brackets. Add one, or unset {VARIABLE}.")
    return entries


class _Entry:
    """One [[sender]], read key by key, so that what is left over is what nobody knows."""

    def __init__(self, entry: dict[str, Any], environment: Mapping[str, str]) -> None:
        self.left = dict(entry)
        self.environment = environment

    def text(self, key: str, default: str | None = None) -> str:
        value = self.left.pop(key, default)
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f'{key} must be a text: {key} = "…".')
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.left.pop(key, None)
        is_list = isinstance(values, list) and values
        if not is_list or not all(isinstance(value, str) and value for value in values):
            raise ValueError(f'{key} must be a list of texts: {key} = ["…"].')
        return tuple(values)

    def number(self, key: str, default: float, highest: float) -> float:
        value = self.left.pop(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= highest:
            raise ValueError(f"{key} must be a number above 0 and up to {highest:g}.")
        return value

    def port(self, default: int) -> int:
        value = self.number("port", default, 65535)
        if not isinstance(value, int):
            raise ValueError("port must be a whole number.")
        return value

    def secret(self, key: str) -> str:
        """Return what the environment holds under the name that the key gives. No error shows either."""
        name = self.text(key)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise ValueError(
                f"{key} is not the name of an environment variable. Never write the secret itself."
            )
        value = self.environment.get(name)
        if not value:
            raise ValueError(f"the environment variable that {key} names is not set. Set it to the secret.")
        return value


def _sender(kind: str, entry: dict[str, Any], folder: Path, environment: Mapping[str, str]) -> Sender:
    for key, instead in _SECRETS.items():
        if key in entry:
            raise ValueError(
                f"{key} must not stand in the file. Put it into an environment variable, and name that: "
                f'{instead} = "…".'
            )
    read = _Entry({key: value for key, value in entry.items() if key != "kind"}, environment)
    canal, make = _KINDS[kind]
    if "name" in read.left:
        name = read.text("name")
        if not re.fullmatch(r"[a-z0-9_-]+", name):
            raise ValueError("name takes the letters a to z, digits, - and _.")
        canal = f"{canal}:{name}"
    clients = frozenset(read.texts("clients")) if "clients" in read.left else frozenset[str]()
    sender = make(read, folder, {"canal": canal, "clients": clients})
    if read.left:
        raise ValueError(f"{min(read.left)} is no setting of {kind}. Remove it, or correct its spelling.")
    return sender


def _console(read: _Entry, folder: Path, common: dict[str, Any]) -> Sender:
    return Console(**common)


def _folder(read: _Entry, folder: Path, common: dict[str, Any]) -> Sender:
    return Folder(path=folder / Path(read.text("path")).expanduser(), **common)


def _smtp(read: _Entry, folder: Path, common: dict[str, Any]) -> Sender:
    has_login = "user" in read.left or "password_env" in read.left
    tls = read.text("tls", Tls.required)
    return Smtp(
        host=read.text("host"),
        port=read.port(SMTP_PORTS.get(tls, 587)),
        sender=read.text("from"),
        recipients=read.texts("to"),
        tls=tls,
        user=read.text("user") if has_login else None,
        password=read.secret("password_env") if has_login else None,
        timeout=read.number("timeout", 10, 600),
        **common,
    )


def _webhook(read: _Entry, folder: Path, common: dict[str, Any]) -> Sender:
    return Webhook(
        url=read.text("url"),
        secret=read.secret("secret_env"),
        timeout=read.number("timeout", 10, 600),
        **common,
    )


# Each kind, with the channel by which the events know it.
_KINDS: dict[str, tuple[str, Callable[[_Entry, Path, dict[str, Any]], Sender]]] = {
    "console": ("console", _console),
    "folder": ("arquivo", _folder),
    "smtp": ("smtp", _smtp),
    "webhook": ("webhook", _webhook),
}
