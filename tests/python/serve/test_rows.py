"""Rows of a JSON body: every text and number arrives as it was sent, and what is no such body is refused."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lastro.contract import read_contract
from lastro.serve.problems import Problem
from lastro.serve.rows import header_of, read_rows, write_rows

COLUMNS = [
    "id_divida",
    "nome_devedor",
    "documento_devedor",
    "email_devedor",
    "valor_divida",
    "data_vencimento",
]
DIVIDAS = next(table for table in read_contract() if table.name == "dividas")

# Surrogates and NUL are no text.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.dictionaries(st.sampled_from(COLUMNS), TEXTS), min_size=1, max_size=5))
def test_texts_arrive(rows: list[dict[str, str]]) -> None:
    body = json.dumps({"dividas": rows}, ensure_ascii=False).encode()
    found = read_rows(body, COLUMNS, 5)
    assert found == rows
    text = header_of(DIVIDAS) + write_rows(DIVIDAS, "aurora", found)
    read = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [{key: row[key] for key in COLUMNS} for row in read] == [
        dict.fromkeys(COLUMNS, "") | row for row in rows
    ]
    assert {row["id_cliente_credor"] for row in read} == {"aurora"}


@pytest.mark.parametrize("number", ["10.50", "0.1", "12345678901234567890.12", "1e5", "-0", "100", "1.10E+2"])
def test_numbers_keep_their_digits(number: str) -> None:
    body = f'{{"dividas": [{{"valor_divida": {number}, "id_divida": null}}]}}'.encode()
    assert read_rows(body, COLUMNS, 5) == [{"valor_divida": number}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON"),
        (b"{", r"JSON em UTF-8 \(linha 1, coluna 2\)"),
        (b"\xff", r"byte 0"),
        (b"[]", "dividas"),
        (b'{"dividas": [], "x": 1}', "dividas"),
        (b'{"dividas": {}}', "dividas"),
        (b'{"dividas": []}', "de 1 a 2 linhas; esta traz 0"),
        (b'{"dividas": [{}, {}, {}]}', "de 1 a 2 linhas; esta traz 3"),
        (b'{"dividas": [1]}', "linha 1 .* objeto"),
        (b'{"dividas": [{}, {"valor": "SECRET"}]}', "linha 2 tem 1 coluna"),
        (b'{"dividas": [{"id_cliente_credor": "boreal"}]}', "linha 1 tem 1 coluna"),
        (b'{"dividas": [{"valor_divida": true}]}', "valor_divida"),
        (b'{"dividas": [{"valor_divida": ["SECRET"]}]}', "valor_divida"),
        (b'{"dividas": [{"valor_divida": NaN}]}', "JSON"),
        (b'{"dividas": [{"valor_divida": "1", "valor_divida": "2"}]}', "JSON"),
        (b'{"dividas": [{"nome_devedor": "SECRET\\u0000"}]}', "nome_devedor"),
        (b'{"dividas": [{"nome_devedor": "\\ud800"}]}', "nome_devedor"),
        (b'{"dividas": ' + b"[" * 100_000, "JSON"),
    ],
)
def test_what_is_no_body_of_rows(body: bytes, said: str) -> None:
    with pytest.raises(Problem, match=said) as found:
        read_rows(body, COLUMNS, 2)
    assert found.value.status == 422
    assert "SECRET" not in found.value.message + found.value.action
