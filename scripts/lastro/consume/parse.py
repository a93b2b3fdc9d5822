"""One message as one row of a raw file: its members as text, or its bytes and what is wrong with them."""

from __future__ import annotations

import base64
import json
from json.decoder import scanstring
from typing import Any, NamedTuple, NoReturn

import orjson

COLUMNS = ("customer_id", "message_id", "customer_name", "channel", "payload", "event_datetime")

_COUNT = len(COLUMNS)
_NAMES = frozenset(COLUMNS)
_BLANK = " \t\n\r"


class Row(NamedTuple):
    """A message as text.

    Attributes:
        values: The six columns in order; each None if there is a problem.
        raw: The bytes in base64 if there is a problem, else None.
        problem: Why the message is no row, or None.
        extra: A JSON object of the members that are no columns, or None.
    """

    values: tuple[str | None, ...]
    raw: str | None = None
    problem: str | None = None
    extra: str | None = None


def parse(message: bytes | None) -> Row:
    """Return the row of a message, whatever it holds."""
    if message is None:
        return _rejected(b"", "row:tombstone")
    try:
        members = orjson.loads(message)
    except orjson.JSONDecodeError:
        return _rejected(message, "row:not_json")
    if type(members) is not dict:
        return _rejected(message, "row:not_an_object")
    values = _plain_values(message, members)
    if values is not None:
        return Row(values)
    return _careful_row(message, members)


def _plain_values(message: bytes, members: dict[str, Any]) -> tuple[str | None, ...] | None:
    """Return the values of an object of the six names with text or null; None if that is not certain.

    A parser keeps the last of two equal keys. Every quotation mark of a value stands in the message as one,
    unless it was written as \\u0022; so one more than the kept members account for is a dropped key's.
    """
    if len(members) != _COUNT or b"\\u0000" in message or b"\\u0022" in message:
        return None
    marks = 2 * _COUNT
    try:
        values = tuple([members[name] for name in COLUMNS])
    except KeyError:
        return None
    for value in values:
        if type(value) is str:
            marks += 2
            if '"' in value:
                marks += value.count('"')
        elif value is not None:
            return None
    return values if message.count(b'"') == marks else None


def _careful_row(message: bytes, members: dict[str, Any]) -> Row:
    try:
        slices = _top_level(message.decode())
        if b"\\u0000" in message and _has_nul(members):
            return _rejected(message, "row:nul_character")
    except (ValueError, RecursionError):
        # Deeper than Python reads, or a text that is no Unicode.
        return _rejected(message, "row:not_json")
    if len({name for name, _ in slices}) < len(slices):
        return _rejected(message, "row:repeated_key")
    texts = {name: _text(members[name], text) for name, text in slices if name in _NAMES}
    extra = [f"{json.dumps(name, ensure_ascii=False)}: {text}" for name, text in slices if name not in _NAMES]
    return Row(
        tuple(texts.get(name) for name in COLUMNS), extra="{" + ", ".join(extra) + "}" if extra else None
    )


def _text(value: object, text: str) -> str | None:
    """Return a text as it is, null as None, and all else exactly as it was written."""
    return value if value is None or isinstance(value, str) else text


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


# Numbers are only skipped: nothing is computed from them.
_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


def _top_level(text: str) -> list[tuple[str, str]]:
    """Return the keys of a JSON object in order, each with its value exactly as written."""

    def skip(at: int) -> int:
        while text[at] in _BLANK:
            at += 1
        return at

    found: list[tuple[str, str]] = []
    at = skip(skip(0) + 1)
    while text[at] != "}":
        key, at = scanstring(text, at + 1)
        start = skip(skip(at) + 1)
        _, end = _decoder.raw_decode(text, start)
        found.append((key, text[start:end]))
        at = skip(end)
        if text[at] == ",":
            at = skip(at + 1)
    return found


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in key or _has_nul(item) for key, item in value.items())
    return isinstance(value, list) and any(_has_nul(item) for item in value)


def _rejected(message: bytes, problem: str) -> Row:
    return Row((None,) * _COUNT, base64.b64encode(message).decode("ascii"), problem)
