"""Limits on what a client may send: how large, how slowly, how often."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lastro.serve.problems import Problem, answer

log = logging.getLogger("lastro.serve")


class BodyLimits:
    """Middleware that stops reading a body that is too large or too slow."""

    def __init__(
        self, app: ASGIApp, limit_of: Callable[[str, str], int], silence_seconds: float, bytes_a_second: float
    ) -> None:
        """Wrap an application.

        Args:
            app: The application.
            limit_of: The bytes allowed for a method and a path.
            silence_seconds: How long a body may bring nothing.
            bytes_a_second: How fast a body must come after that time.
        """
        self.app = app
        self.limit_of = limit_of
        self.silence_seconds = silence_seconds
        self.bytes_a_second = bytes_a_second

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_of(scope["method"], scope["path"])
        body = _Body(receive, limit, _declared(scope), self.silence_seconds, self.bytes_a_second)
        await self.app(scope, body.receive, send)


class _Body:
    def __init__(
        self, receive: Receive, limit: int, declared: int, silence_seconds: float, bytes_a_second: float
    ) -> None:
        self.inner = receive
        self.limit = limit
        self.declared = declared
        self.silence_seconds = silence_seconds
        self.bytes_a_second = bytes_a_second
        self.size = 0
        self.started = time.monotonic()
        self.is_whole = False

    async def receive(self) -> Message:
        if self.is_whole:
            return await self.inner()
        # A body that is declared too large is not read at all.
        if self.declared > self.limit:
            raise too_large(self.limit)
        try:
            message = await asyncio.wait_for(self.inner(), self.silence_seconds)
        except TimeoutError:
            raise _too_slow() from None
        self.size += len(message.get("body", b""))
        self.is_whole = not message.get("more_body", False)
        if self.size > self.limit:
            raise too_large(self.limit)
        patience = self.silence_seconds + self.size / self.bytes_a_second
        if not self.is_whole and time.monotonic() - self.started > patience:
            raise _too_slow()
        return message


class Failures:
    """Middleware that answers what nobody foresaw. Only the kind of error is logged: its text may be data."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            if scope["type"] != "http" or has_begun:
                raise
            log.error("%s failed with %s", scope["method"], type(error).__name__)
            await answer(Request(scope), _failure())(scope, receive, send)


class Rates:
    """How often each client may call: so many times a second, and as many at once as in some seconds."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Allow that many calls.

        Args:
            per_second: The calls a second, in the long run.
            burst: The calls at once.
            clock: The time in seconds.
        """
        self.per_second = per_second
        self.burst = burst
        self.clock = clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, name: str) -> None:
        """Count a call.

        Raises:
            Problem: It is one too many.
        """
        now = self.clock()
        left, seen = self._left.get(name, (self.burst, now))
        left = min(self.burst, left + (now - seen) * self.per_second)
        if left < 1:
            wait = max(1, round((1 - left) / self.per_second))
            raise Problem(
                429,
                "chamadas_demais",
                "Há chamadas demais em pouco tempo.",
                f"Espere {wait} s; mande mais linhas por chamada.",
                {"Retry-After": str(wait)},
            )
        self._left[name] = (left - 1, now)


def too_large(limit: int) -> Problem:
    """Return what is said of a body over a limit in bytes."""
    return Problem(
        413,
        "corpo_grande_demais",
        f"O corpo passa de {limit:,} bytes.".replace(",", "."),
        "Divida as linhas em mais chamadas, ou mande um arquivo com PUT /v1/lotes/{id}/arquivo.",
        {"Connection": "close"},
    )


def _declared(scope: Scope) -> int:
    values = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(values[0]) if values and values[0].isdigit() else 0


def _failure() -> Problem:
    return Problem(
        500,
        "falha_interna",
        "O serviço falhou; a falha está no registro do operador.",
        "Nada se perdeu do que foi confirmado. Repita a chamada, e avise a agência se a falha continuar.",
    )


def _too_slow() -> Problem:
    return Problem(
        408,
        "corpo_lento_demais",
        "O corpo chega devagar demais.",
        "Repita a chamada numa rede melhor, ou com menos linhas.",
        {"Connection": "close"},
    )
