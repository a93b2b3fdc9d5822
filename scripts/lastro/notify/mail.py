"""Notifications by mail."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

from lastro.notify.message import Message
from lastro.notify.patience import PATIENT, Patience, Refused, Temporary
from lastro.notify.senders import THIS_MACHINE, short


class Tls(StrEnum):
    """How a mail server is spoken to."""

    implicit = "implicit"
    required = "required"
    offered = "offered"


# The usual port of each: submissions and submission (RFC 8314), and SMTP itself.
SMTP_PORTS = {Tls.implicit: 465, Tls.required: 587, Tls.offered: 25}


@dataclass(frozen=True, kw_only=True)
class Smtp:
    """Mails a message, with its text as the body and its JSON as an attachment.

    Attributes:
        host, port: The mail server.
        sender: The address it comes from; the right side of its Message-ID.
        recipients: The addresses it goes to.
        tls: implicit for smtps; required for STARTTLS or nothing; offered for STARTTLS only if the server
            offers it.
        user, password: For servers that ask; never sent without TLS but to this machine.
        timeout: Seconds to wait for each answer.
        context: Which certificates are trusted; None for the system's.

    Raises:
        ValueError: An address or the TLS mode is malformed, or only one of user and password is given.
    """

    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 587
    tls: str = Tls.required
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    canal: str = "smtp"
    clients: frozenset[str] = frozenset()
    timeout: float = 10.0
    context: ssl.SSLContext | None = None
    patience: Patience = PATIENT

    def __post_init__(self) -> None:
        """Refuse settings with which no mail could be sent, or with which one could carry foreign headers."""
        for address in (self.sender, *self.recipients):
            # What no quoting is needed for (dot-atom, RFC 5322, 3.2.3).
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+", address):
                raise ValueError(f"{address!r} is not a mail address; write it as name@example.com.")
        if not self.recipients or len(set(self.recipients)) < len(self.recipients):
            raise ValueError("name each recipient once, and at least one.")
        if self.tls not in list(Tls):
            raise ValueError(f"tls is one of {', '.join(Tls)}.")
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password come together.")
        if not f"{self.user or ''}{self.password or ''}".isascii():
            raise ValueError("user and password must be ASCII, because smtplib cannot send other letters.")

    def send(self, message: Message) -> None:
        """Mail the message.

        The recipients who accepted it get it once; those who asked to wait are tried again.

        Raises:
            ConnectionError: Not every recipient accepted the mail. The next run mails all of them again,
                under the same Message-ID.
        """
        mail = self._mail(message)
        waiting = list(self.recipients)
        refused: dict[str, str] = {}

        def attempt() -> None:
            answers = self._submit(mail, waiting)
            refused.update({to: _said(*answer) for to, answer in answers.items() if answer[0] >= 500})
            waiting[:] = [to for to in answers if to not in refused]
            if waiting:
                raise Temporary(f"{self._who} put off {waiting[0]}: {_said(*answers[waiting[0]])}", True)

        self.patience.run(attempt)
        if refused:
            who = ", ".join(f"{to} ({words})" for to, words in refused.items())
            raise Refused(f"{self._who} refused {who}. Correct the address in the settings.")

    @property
    def _who(self) -> str:
        return f"{self.canal}: {self.host}:{self.port}"

    def _mail(self, message: Message) -> EmailMessage:
        """Return the mail. EmailMessage encodes what is not ASCII and refuses a header with a line break."""
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.recipients)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(datetime.now(UTC))
        # The id makes it unique on the left, the own domain everywhere else (RFC 5322, 3.6.4).
        mail["Message-ID"] = f"<{message.id}@{self.sender.rpartition('@')[2]}>"
        # No out-of-office reply, please (RFC 3834, 5).
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        mail.add_attachment(
            message.json.encode(), maintype="application", subtype="json", filename=f"{message.id}.json"
        )
        return mail

    def _submit(self, mail: EmailMessage, recipients: list[str]) -> dict[str, tuple[int, bytes]]:
        """Try once, and return the answer for each recipient who did not accept.

        Raises:
            Temporary: It may succeed later (RFC 5321, 4.2.1: a reply that begins with 4).
            Refused: It will not (a reply that begins with 5).
        """
        try:
            with self._session() as server:
                return server.send_message(mail, to_addrs=recipients)
        except Refused:
            raise
        except smtplib.SMTPRecipientsRefused as error:
            # After 421 the rest are not even asked; nobody has the mail.
            return {to: error.recipients.get(to, (450, b"not tried")) for to in recipients}
        except smtplib.SMTPResponseException as error:
            # An answer to a password may repeat it.
            is_login = isinstance(error, smtplib.SMTPAuthenticationError)
            words = _said(error.smtp_code, b"to the login" if is_login else error.smtp_error)
            if 500 <= error.smtp_code <= 599:
                raise Refused(
                    f"{self._who} refused: {words}. Correct the settings, or ask its owner."
                ) from None
            raise Temporary(f"{self._who} put off: {words}", True) from None
        except smtplib.SMTPServerDisconnected as error:
            raise Temporary(f"{self._who}: {short(str(error))}", False) from None
        except smtplib.SMTPException as error:
            # The server lacks something: a way to log in, or letters beyond ASCII.
            raise Refused(f"{self._who} cannot take the mail: {short(str(error))}.") from None
        except (OSError, UnicodeError) as error:
            raise Temporary(f"{self._who} cannot be reached: {short(str(error))}", False) from None

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """Yield a server that is ready to take mail.

        smtplib alone would trust any certificate, and would raise if the farewell after an accepted mail
        goes wrong, so that it was sent twice.
        """
        context = self.context or ssl.create_default_context()
        if self.tls == Tls.implicit:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout, context=context
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            server.ehlo_or_helo_if_needed()
            is_secret = self.tls == Tls.implicit
            if not is_secret and server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo_or_helo_if_needed()
                is_secret = True
            if self.tls == Tls.required and not is_secret:
                raise Refused(f'{self._who} offers no STARTTLS. Use another port, or tls = "implicit".')
            if self.user is not None and self.password is not None:
                if not is_secret and self.host not in THIS_MACHINE:
                    raise Refused(f"{self._who} offers no STARTTLS, and a password is not sent without.")
                server.login(self.user, self.password)
            yield server
        finally:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return short(f"{code} {text}")
