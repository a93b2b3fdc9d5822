"""Notifications to a program: signed HTTP requests."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
import standardwebhooks

from lastro.notify.message import Message
from lastro.notify.patience import PATIENT, Patience, Refused, Temporary
from lastro.notify.senders import THIS_MACHINE, short


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Posts the JSON of a message, signed as Standard Webhooks asks (standardwebhooks.com).

    Any answer from 200 to 299 is a success. A redirect is not followed, because it could lead a signed
    message anywhere.

    Attributes:
        url: https, or http on this machine.
        secret: whsec_ and the base64 of 24 to 64 random bytes, which the other side has too.
        timeout: Seconds to wait for a connection, and for each part of the answer.

    Raises:
        ValueError: The address or the secret is malformed. The message holds neither.
    """

    url: str = field(repr=False)
    secret: str = field(repr=False)
    canal: str = "webhook"
    clients: frozenset[str] = frozenset()
    timeout: float = 10.0
    patience: Patience = PATIENT

    def __post_init__(self) -> None:
        """Refuse an address that could be overheard, and a secret that signs nothing."""
        url = _url(self.url)
        if url.userinfo:
            raise ValueError("url holds a user or a password. Remove it: the signature says who sends.")
        if url.scheme != "https" and not (url.scheme == "http" and url.host in THIS_MACHINE):
            raise ValueError("url must begin with https://; http:// is for 127.0.0.1 and localhost only.")
        try:
            key = base64.b64decode(self.secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not self.secret.startswith("whsec_") or not 24 <= len(key) <= 64:
            raise ValueError("the secret must be whsec_ followed by the base64 of 24 to 64 random bytes.")

    def send(self, message: Message) -> None:
        """Post the JSON.

        Raises:
            ConnectionError: The other side did not take it.
        """
        self.patience.run(lambda: self._attempt(message))

    @property
    def _who(self) -> str:
        # The path of a webhook is often a secret.
        return f"{self.canal}: {_url(self.url).host}"

    def _attempt(self, message: Message) -> None:
        now = datetime.now(UTC)
        # Each attempt has its own time, because the other side refuses an old one.
        headers = {
            "content-type": "application/json",
            "user-agent": "lastro",
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": standardwebhooks.Webhook(self.secret).sign(message.id, now, message.json),
        }
        try:
            # A proxy of the environment cannot reach this machine. The body of the answer is never read.
            with (
                httpx.Client(
                    timeout=self.timeout, trust_env=_url(self.url).host not in THIS_MACHINE
                ) as client,
                client.stream("POST", self.url, content=message.json.encode(), headers=headers) as response,
            ):
                status, asked = response.status_code, response.headers.get("retry-after")
        except httpx.TimeoutException:
            raise Temporary(f"{self._who} did not answer within {self.timeout:g} s", False) from None
        except (httpx.HTTPError, OSError) as error:
            raise Temporary(f"{self._who} cannot be reached: {short(str(error))}", False) from None
        except ValueError:
            # Its text may hold the password of a proxy.
            raise Refused(f"{self._who} cannot be posted to. Check the proxy in the environment.") from None
        if 200 <= status <= 299:
            return
        said = f"{self._who} answered {_status(status)}"
        if status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS) or status >= 500:
            raise Temporary(said, True, _retry_after(asked, now))
        if status < 400:
            raise Refused(f"{said}, and redirects are not followed. Put the final address in the settings.")
        raise Refused(f"{said}. Check the address and the secret with its owner.")


def _url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host:
        raise ValueError("url is not an address; write it as https://example.com/path.")
    return url


def _status(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def _retry_after(header: str | None, now: datetime) -> float:
    """Return the seconds that Retry-After asks for, a number or a date (RFC 9110, 10.2.3), or 0."""
    if header is None:
        return 0.0
    if re.fullmatch(r"[0-9]{1,9}", header.strip()):
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return 0.0
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - now).total_seconds())
