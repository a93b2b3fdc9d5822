"""What a row of totals declares: the count of the rows, the sum of their amounts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from lastro.contract import RawTable
from lastro.receive.pictures import Picture, number_of
from lastro.receive.suggest.look import Look
from lastro.receive.suggest.match import Choice


def declared_totals(look: Look, choices: Sequence[Choice], table: RawTable) -> dict[str, str]:
    """Return the fields of a trailer for the cells of a total that agree with the rows above it.

    Args:
        look: What was seen of the file; only a file that was seen whole tells.
        choices: The proposed columns, one of which holds the amounts.
        table: The raw table, which says which.
    """
    amounts = next(
        (choice for choice in choices if choice.column.name == table.amount and choice.source), None
    )
    if not look.is_whole or not look.footer:
        return {}
    found: dict[str, str] = {}
    if amounts:
        total = sum(
            (_amount(cell, amounts.picture) or Decimal(0) for cell in amounts.source.cells), Decimal(0)
        )
        for number, cell in enumerate(look.footer, start=1):
            if total and _amount(cell, amounts.picture) == total:
                found |= {"trailer_valor": str(number), "trailer_valor_formato": amounts.picture}
    for number, cell in enumerate(look.footer, start=1):
        if cell.strip() == str(look.rows) and found.get("trailer_valor") != str(number):
            found |= {"trailer_linhas": str(number), "trailer_conta": "detalhe"}
    return found


def _amount(text: str, picture: str) -> Decimal | None:
    return number_of(Picture(picture).reader(text))
