"""The book de variáveis computed from its definitions, one invoice at a time: slow and independent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

CENT = Decimal("0.01")
FOUR_PLACES = Decimal("0.0001")
WINDOWS = (1, 3, 6, 12)


@dataclass(frozen=True)
class Invoice:
    id: str
    client: str
    issued: date
    due: date
    amount: Decimal
    minimum: Decimal | None


@dataclass(frozen=True)
class Payment:
    id: str
    invoice: str
    paid: date
    amount: Decimal


def months_before(ref_date: date, months: int) -> date:
    """Return the first day of the month that is `months` before another first day."""
    year, month = divmod(ref_date.year * 12 + ref_date.month - 1 - months, 12)
    return date(year, month + 1, 1)


def reference_dates(invoices: list[Invoice]) -> Iterator[date]:
    """Yield the first of every month from the month after the first invoice to the month after the last."""
    first = min(invoice.issued for invoice in invoices).replace(day=1)
    last = months_before(max(invoice.issued for invoice in invoices).replace(day=1), -1)
    ref_date = months_before(first, -1)
    while ref_date <= last:
        yield ref_date
        ref_date = months_before(ref_date, -1)


def ratio(numerator: Decimal | int, denominator: Decimal | int, places: Decimal) -> Decimal | None:
    """Return the exact quotient, rounded once, half up; None if the denominator is zero."""
    if not denominator:
        return None
    exact = Fraction(numerator) / Fraction(denominator)
    scaled = exact / Fraction(places)
    return Decimal(int(scaled + Fraction(1, 2))) * places if scaled >= 0 else NotImplemented


def measures(
    invoices: list[Invoice], payments: list[Payment], ref_date: date, months: int
) -> dict[str, Decimal | int | None]:
    """Return every measure of one window over the given invoices, as of a reference date."""
    window = [i for i in invoices if months_before(ref_date, months) <= i.issued < ref_date]
    known: dict[str, list[Payment]] = {invoice.id: [] for invoice in window}
    for payment in payments:
        if payment.paid < ref_date and payment.invoice in known:
            known[payment.invoice].append(payment)
    on_time = defaults = 0
    days_late: list[int] = []
    default_amount = Decimal(0)
    for invoice in window:
        paid = sum((p.amount for p in known[invoice.id]), Decimal(0))
        first = min((p.paid for p in known[invoice.id]), default=None)
        overdue = invoice.due < ref_date
        if first is not None and first <= invoice.due:
            on_time += 1
        elif first is not None:
            days_late.append((first - invoice.due).days)
        elif overdue:
            days_late.append((ref_date - invoice.due).days)
        owed = invoice.amount if invoice.minimum is None else invoice.minimum
        if overdue and paid < owed:
            defaults += 1
            default_amount += max(invoice.amount - paid, Decimal(0))
    made = [payment for each in known.values() for payment in each]
    invoiced = sum((i.amount for i in window), Decimal(0))
    paid_in_all = sum((p.amount for p in made), Decimal(0))
    clients = len({i.client for i in window})
    return {
        "total_faturas": len(window),
        "valor_total_faturas": invoiced,
        "valor_medio_faturas": ratio(invoiced, len(window), CENT),
        "total_pagamentos": len(made),
        "valor_total_pagamentos": paid_in_all,
        "valor_medio_pagamentos": ratio(paid_in_all, len(made), CENT),
        "percentual_pagamento_prazo": ratio(100 * on_time, len(window), FOUR_PLACES),
        "percentual_inadimplencia": ratio(100 * defaults, len(window), FOUR_PLACES),
        "total_atrasos": len(days_late),
        "percentual_atrasos": ratio(100 * len(days_late), len(window), FOUR_PLACES),
        "media_dias_atraso": ratio(sum(days_late), len(days_late), FOUR_PLACES),
        "max_dias_atraso": max(days_late, default=None),
        "valor_inadimplente": default_amount,
        "percentual_valor_pago": ratio(100 * paid_in_all, invoiced, FOUR_PLACES),
        "total_clientes": clients,
        "media_fatura_por_cliente": ratio(invoiced, clients, CENT),
        "media_pagamento_por_cliente": ratio(paid_in_all, clients, CENT),
    }


def portfolio_book(
    invoices: list[Invoice], payments: list[Payment]
) -> dict[tuple[date, str], dict[str, Decimal | int | None]]:
    """Return book_faturas_carteira by its key."""
    return {
        (ref_date, f"U{months}M"): measures(invoices, payments, ref_date, months)
        for ref_date in reference_dates(invoices)
        for months in WINDOWS
    }


def client_book(
    invoices: list[Invoice], payments: list[Payment]
) -> dict[tuple[date, str], dict[str, Decimal | int | None]]:
    """Return book_faturas_cliente by its key, with only the measures."""
    book = {}
    for ref_date in reference_dates(invoices):
        for client in {i.client for i in invoices if i.issued < ref_date}:
            own = [i for i in invoices if i.client == client]
            row: dict[str, Decimal | int | None] = {}
            for months in WINDOWS:
                for name, value in measures(own, payments, ref_date, months).items():
                    if not name.endswith(("_clientes", "_por_cliente")):
                        row[f"{name}_u{months}m"] = value
            book[ref_date, client] = row
    return book
