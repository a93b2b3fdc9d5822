"""Whatever a message holds, its row says it; written from pairs, so that the oracle needs no parser."""

from __future__ import annotations

import base64
import json

from conftest import examples
from hypothesis import example, given
from hypothesis import strategies as st
from lastro.consume.parse import COLUMNS, parse

keys = st.sampled_from([*COLUMNS, *COLUMNS, "x", "é", 'a"b', ""])
plain = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12) | st.sampled_from(
    ['"', '""', '\\"', "\\u0000", "\\u0022", "null", "{}", '":"', "\U0001f600", "\n"]
)
numbers = st.sampled_from(["0", "-0", "1.50", "1e5", "1E-2", "12345678901234567890.10", "true", "false"])
nested = st.sampled_from(['{"a" : 1}', "[1, null]", "{}", '["\\u00e7", "é"]', '{"a": {"a": "\\""}}'])
values = st.tuples(st.just("text"), plain) | st.tuples(st.sampled_from(["raw"]), numbers | nested)
values |= st.just(("null", "null"))


@st.composite
def objects(draw: st.DrawFn) -> tuple[bytes, list[tuple[str, str, str]]]:
    """An object as it is sent, and its members: key, kind and what is said."""
    every = draw(st.booleans())
    names = list(draw(st.permutations(COLUMNS))) if every else []
    names += draw(st.lists(keys, max_size=2 if every else 7))
    members = [(name, *draw(values if not every else st.just(("null", "null")) | values)) for name in names]

    def quoted(text: str) -> str:
        said = json.dumps(text, ensure_ascii=draw(st.booleans()))
        if draw(st.integers(0, 4)) == 0:
            said = '"' + "".join(f"\\u{ord(c):04x}" if c == '"' else json.dumps(c)[1:-1] for c in text) + '"'
        return said

    blank = draw(st.sampled_from(["", " ", "\n\t"]))
    pairs = [
        f"{blank}{quoted(key)}{blank}:{blank}{quoted(text) if kind == 'text' else text}{blank}"
        for key, kind, text in members
    ]
    return (blank + "{" + (",".join(pairs) or blank) + "}" + blank).encode(), members


@examples(300)
@given(objects())
@example((b'{"x":1}', [("x", "raw", "1")]))
def test_a_row_says_what_the_message_says(sent: tuple[bytes, list[tuple[str, str, str]]]) -> None:
    message, members = sent
    row = parse(message)
    names = [key for key, _, _ in members]
    if len(set(names)) < len(names):
        assert row.problem == "row:repeated_key"
        assert base64.b64decode(row.raw or "") == message and row.values == (None,) * 6 and not row.extra
        return
    said = {key: None if kind == "null" else text for key, kind, text in members}
    assert row.problem is None and row.raw is None
    assert row.values == tuple(said.get(name) for name in COLUMNS)
    others = [(key, kind, text) for key, kind, text in members if key not in COLUMNS]
    if not others:
        assert row.extra is None
        return
    extra = json.loads(row.extra or "")
    assert extra == {key: text if kind == "text" else json.loads(text) for key, kind, text in others}
    assert all(text in (row.extra or "") for _, kind, text in others if kind == "raw")


@examples(300)
@given(
    st.binary(max_size=40) | objects().map(lambda each: each[0][:-1]) | st.text(max_size=20).map(str.encode)
)
def test_any_bytes_are_a_row(message: bytes) -> None:
    """Nothing raises, and what is no object is kept byte by byte."""
    row = parse(message)
    assert (row.problem is None) == (row.raw is None)
    if row.problem:
        assert base64.b64decode(row.raw or "") == message
    else:
        assert type(json.loads(message)) is dict
