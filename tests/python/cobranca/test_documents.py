"""Check digits in SQL agree with validate-docbr, on 100,000 documents and what people write instead."""

from __future__ import annotations

from collections import Counter

import duckdb
from cobranca.documents import JUDGED, values, verdict
from conftest import Workspace


def test_documents_are_what_the_library_says(workspace: Workspace) -> None:
    texts = values()
    assert len(texts) == 100_000
    sql = workspace.compiled(JUDGED)
    with duckdb.connect() as con:
        con.execute("create table documents as select unnest(?) as text", [texts])
        found = {
            text: (None if problem else document, problem)
            for text, document, problem in con.execute(sql).fetchall()
        }
    expected = {text: verdict(text) for text in texts}
    assert {text: (found[text], what) for text, what in expected.items() if found[text] != what} == {}
    kinds = Counter(problem or f"{len(document or '')} characters" for document, problem in expected.values())
    assert min(kinds.values()) > 20, kinds
    assert kinds["11 characters"] > 20_000, kinds
    assert kinds["14 characters"] > 30_000, kinds
    assert kinds["wrong_check_digit"] > 10_000, kinds


def test_documents_by_hand() -> None:
    """The oracle itself: the example of the Receita Federal, lost zeros, and 11 digits, which are no CNPJ's."""
    assert verdict("12.ABC.345/01DE-35") == ("12ABC34501DE35", None)
    assert verdict("529.982.247-25") == ("52998224725", None)
    assert verdict("191") == (None, "not_a_document")
    assert verdict("1234567-97") == ("00123456797", None)
    assert verdict("360305000104") == ("00360305000104", None)
    assert verdict("38166000105") == (None, "wrong_check_digit")
    assert verdict("52998224726") == (None, "wrong_check_digit")
    assert verdict("00.000.000/0001-91") == ("00000000000191", None)
    assert verdict("11.111.111/1111-11") == (None, "repeated_digits")
