"""Close the batches whose rows a build has judged: what the mart `lotes` says, as an event."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lastro.database import opened
from lastro.receive.batches import Batches

ORIGIN = "lastro settle"
# The mart has the status already; the time comes only from the event that is written here.
_JUDGED = """
select
    id_lote,
    status,
    linhas_recebidas,
    linhas_processadas,
    linhas_com_falha,
    valor_recebido,
    valor_processado
from lastro_recebimento.lotes
where status in ('concluido', 'concluido_com_rejeicoes', 'falhou') and concluido_em is null
order by id_lote
"""


class Settled(NamedTuple):
    """A batch that was closed, and how."""

    id_lote: str
    status: str
    rows: int | None
    failed_rows: int | None


def settle(database: Path, batches: Batches) -> list[Settled]:
    """Write the closing event of each judged batch that has none, and return these batches.

    Args:
        database: The DuckDB file that dbt built.
        batches: Where the events stand.

    Raises:
        OSError: The database or the raw root cannot be read or written.
        duckdb.Error: The database has no mart `lotes`: it is not a finished build.
    """
    with opened(database) as con:
        result = con.execute(_JUDGED)
        names = [column[0] for column in result.description]
        judged = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    settled = []
    for batch in judged:
        id_lote, status = batch.pop("id_lote"), batch.pop("status")
        # If it was closed since the build, for example cancelled, nothing is written.
        if batches.end(id_lote, status, batch | {"origem": ORIGIN}):
            settled.append(Settled(id_lote, status, batch["linhas_recebidas"], batch["linhas_com_falha"]))
    return settled
