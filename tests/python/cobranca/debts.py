"""Files of debts, written as the gate does."""

from __future__ import annotations

import csv
import io
from typing import Any

from conftest import Workspace
from quick import raw_file

HEADER = [
    *("id_cliente_credor", "id_divida", "nome_devedor", "documento_devedor", "email_devedor", "valor_divida"),
    *("data_vencimento", "linha_original", "problema_linha", "texto_original"),
]
CPF = "52998224725"


def debt(**cells: Any) -> list[str]:
    """Return a good row of client c1, but for the given cells."""
    good = {
        "id_cliente_credor": "c1",
        "id_divida": "d1",
        "nome_devedor": "Ana",
        "documento_devedor": CPF,
        "valor_divida": "10.00",
        "data_vencimento": "2023-12-05",
    }
    return [str((good | cells).get(column, "")) for column in HEADER]


def write_batch(workspace: Workspace, id_lote: str, rows: list[list[str]]) -> None:
    """Write the rows as the raw file of a batch, with all declared columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(rows)
    raw_file(workspace, f"cobranca/dividas/{id_lote}.csv", text.getvalue())
