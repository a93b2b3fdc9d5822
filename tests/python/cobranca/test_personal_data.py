"""A debtor's document stands only in columns that are marked as personal data, in any mart."""

from __future__ import annotations

from conftest import MARTS, Workspace


def test_documents_stand_only_where_they_may(built_sample: Workspace) -> None:
    nodes = built_sample.dbt("parse").result.nodes.values()
    marked = {
        f"{node.schema}.{node.name}": {
            name for name, column in node.columns.items() if column.config.meta.get("pii")
        }
        for node in nodes
        if node.resource_type.value == "model"
    }
    documents = {
        text
        for table in ("fct_dividas", "dividas_rejeitadas")
        for (text,) in built_sample.query(f"select distinct documento_devedor from lastro_cobranca.{table}")
        if text and len(text) > 9
    }
    assert len(documents) > 20
    found = set()
    for table in MARTS:
        for row in built_sample.records(f"select * from {table}"):
            texts = ((column, str(value)) for column, value in row.items() if column not in marked[table])
            found |= {(table, name) for name, text in texts if any(each in text for each in documents)}
    assert found == set()
    assert "documento_devedor" in marked["lastro_cobranca.fct_dividas"]
