"""Totals that a sender declares, against what was counted."""

from __future__ import annotations

from decimal import Decimal

from lastro.receive.refusal import Refused


def refuse_difference(where: str, what: str, declared: str, counted: int | Decimal) -> None:
    """Refuse a file whose declared total is not what was counted."""
    try:
        agrees = Decimal(declared) == counted
    except ArithmeticError:
        agrees = False
    if not agrees:
        raise Refused(
            "total_divergente",
            f"{where} declares {declared} {what}, but the file has {counted}. Send it whole.",
        )
