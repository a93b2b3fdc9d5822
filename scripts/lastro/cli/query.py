"""`lastro query`: ask the last build."""

from __future__ import annotations

from typing import Annotated

import typer

from lastro.cli.options import DATABASE, Database
from lastro.database import opened


def query(
    sql: Annotated[str, typer.Argument(help="One statement of DuckDB SQL, in quotes.")],
    rows: Annotated[int, typer.Option(min=1, help="Show at most this many rows.")] = 40,
    database: Database = DATABASE,
) -> None:
    """Show the rows of a query on the last build, which it cannot change."""
    with opened(database) as con:
        relation = con.sql(sql)
        if relation is None:
            raise ValueError("the statement returns no rows. Ask with SELECT.")
        relation.show(max_rows=rows)
