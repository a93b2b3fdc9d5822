"""The panel of notifications, in the published layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import duckdb

from lastro.database import opened

_PANEL = """
select
    customer_id,
    customer_name,
    notificacoes_dia,
    strftime(ultima_atualizacao, '%Y-%m-%dT%H:%M:%S+00:00') as ultima_atualizacao
from lastro_mensageria.painel_notificacoes
order by customer_name nulls last, customer_id
"""


def read_panel(database: Path, customer: str | None = None) -> str:
    """Return the panel of the last build: one block per customer, by name, with an empty line between.

    Args:
        database: The DuckDB file that dbt built; it is opened read-only.
        customer: Only this customer's id; None for every one.

    Raises:
        FileNotFoundError: The database does not exist.
        InUseError: A build is writing to the database.
        RuntimeError: The database is not a finished build with notifications.
        ValueError: The panel does not have the customer.
    """
    with opened(database) as con:
        try:
            rows = con.execute(_PANEL).fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):
            raise RuntimeError(
                f"{database} is not a finished build of notifications. Run `dbt build`."
            ) from None
    if not rows:
        raise RuntimeError(
            "the build has no notifications. Run `lastro consume notifications`, then `dbt build`."
        )
    names = shown_names((row[0], row[1]) for row in rows)
    blocks = [
        "Painel de Notificações\n"
        f"Cliente: {names[found, name]}\n"
        f"Notificações Whatsapp: {messages}\n"
        f"Última atualização: {updated_at}\n"
        for found, name, messages, updated_at in rows
        if customer in (None, found)
    ]
    if not blocks:
        raise ValueError(f"the panel has no customer {customer!r}.")
    return "\n".join(blocks)


def shown_names(customers: Iterable[tuple[str, str | None]]) -> dict[tuple[str, str | None], str]:
    """Return what to call each customer and name: the id without a name, both if others have the name."""
    known = set(customers)
    bearers = Counter(name for _, name in known)
    return {
        (customer, name): customer if not name else name if bearers[name] == 1 else f"{name} ({customer})"
        for customer, name in known
    }
