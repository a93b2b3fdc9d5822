"""Check digits on Athena's engine agree with validate-docbr, on the values that DuckDB is tested with."""

from __future__ import annotations

import json

from cobranca.documents import JUDGED, values, verdict
from emulator.lake import Lake

# As one literal with a separator that no text contains; the engine takes a million characters a query.
AT_ONCE = 25_000


def test_documents_are_what_the_library_says(lake: Lake) -> None:
    texts = values()
    result = lake.dbt("compile", "--inline", JUDGED, "--quiet", "--output", "json", "--no-introspect")
    assert result.returncode == 0, result.stdout
    sql = json.loads(result.stdout[result.stdout.index("{") :])["compiled"]
    found = {}
    for first in range(0, len(texts), AT_ONCE):
        literal = "|".join(texts[first : first + AT_ONCE]).replace("'", "''")
        documents = f"(select text from unnest(split('{literal}', '|')) as t (text)) as documents"
        for text, document, problem in lake.query(sql.replace("from documents", f"from {documents}")):
            found[text] = (None if problem else document, problem)
    expected = {text: verdict(text) for text in texts}
    assert {text: (found.get(text), what) for text, what in expected.items() if found.get(text) != what} == {}
