"""Limits: a body that is too large or too slow is not read on, and a client that calls too often waits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lastro.serve.limits import BodyLimits, Rates
from lastro.serve.problems import Problem


def read(
    parts: list[tuple[float, bytes]], headers: list[tuple[bytes, bytes]] = (), silence: float = 0.2
) -> tuple[bytes, int]:
    """Read a body whose parts come after these seconds; return it and how many parts were asked for."""
    asked = 0
    body = b""

    async def receive() -> dict[str, Any]:
        nonlocal asked
        seconds, data = parts[asked]
        asked += 1
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": data, "more_body": asked < len(parts)}

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal body
        while True:
            message = await receive()
            body += message["body"]
            if not message["more_body"]:
                return

    limits = BodyLimits(application, lambda method, path: 100, silence, 1000.0)
    scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    try:
        asyncio.run(limits(scope, receive, None))
    except Problem as problem:
        problem.asked = asked
        raise
    return body, asked


def test_a_body_within_its_limits_is_read() -> None:
    assert read([(0, b"x" * 60), (0.05, b"x" * 40)]) == (b"x" * 100, 2)


def test_a_body_that_grows_over_its_limit_is_not_read_on() -> None:
    with pytest.raises(Problem) as found:
        read([(0, b"x" * 60), (0, b"x" * 41), (0, b"x")])
    assert (found.value.status, found.value.asked) == (413, 2)


def test_a_body_that_is_declared_too_large_is_not_read_at_all() -> None:
    with pytest.raises(Problem) as found:
        read([(0, b"x")], [(b"content-length", b"101")])
    assert (found.value.status, found.value.asked) == (413, 0)


def test_silence_ends_a_body() -> None:
    with pytest.raises(Problem) as found:
        read([(0, b"x"), (5, b"x")])
    assert (found.value.status, found.value.asked) == (408, 2)


def test_a_trickle_ends_a_body() -> None:
    """A byte comes before each silence is over, which alone could go on for hours."""
    with pytest.raises(Problem) as found:
        read([(0.1, b"x")] * 50)
    assert found.value.status == 408 and found.value.asked < 6


def test_a_client_that_calls_too_often_waits_and_others_do_not() -> None:
    now = [0.0]
    rates = Rates(2, 10, lambda: now[0])
    for _ in range(10):
        rates.take("aurora")
    with pytest.raises(Problem) as found:
        rates.take("aurora")
    assert (found.value.status, found.value.headers) == (429, {"Retry-After": "1"})
    rates.take("boreal")
    now[0] = 0.5
    rates.take("aurora")
    with pytest.raises(Problem):
        rates.take("aurora")
    # Rest gives back the burst, and no more.
    now[0] = 1000
    for _ in range(10):
        rates.take("aurora")
    with pytest.raises(Problem):
        rates.take("aurora")
