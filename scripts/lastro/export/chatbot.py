"""The answers of a chatbot, one report per flow."""

from __future__ import annotations

from pathlib import Path

from lastro.database import opened
from lastro.export.files import Style, write
from lastro.landing.sql import quoted


def export_chatbot(database: Path, flow: str | None, style: Style, folder: Path) -> list[tuple[Path, int]]:
    """Write one report per flow: a row per session with its times and its answers, in the flow's order.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        flow: Only this flow, as the events name it; None for every flow.
        style: How to write them.
        folder: The folder to write to, created if necessary.

    Returns:
        The path of each file, named after the flow's relation in chatbot_keys, and its number of rows.

    Raises:
        FileNotFoundError: The database does not exist.
        ValueError: The build does not have the flow, or a workbook cannot hold it; that file is not written.
        duckdb.Error: The database is not a finished build.
    """
    written = []
    with opened(database) as con:
        flows = dict(
            con.execute(
                "select distinct flow, relation_name from lastro_mensageria.chatbot_keys order by flow"
            ).fetchall()
        )
        if flow is not None and flow not in flows:
            there = "it has " + ", ".join(map(repr, flows)) if flows else "it has none"
            raise ValueError(
                f"the build has no answers in flow {flow!r}: {there}. Choose one of these, or rebuild "
                "with the hours in which it was answered."
            )
        for name in flows.values() if flow is None else [flows[flow]]:
            query = f"select * from lastro_mensageria.{quoted(name)} order by customer, session"
            path = style.path(folder, name)
            written.append((path, write(con, query, path, style)))
    return written
