"""Random portfolios, small enough to check one invoice at a time and dense at the edge cases."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from definitions import Invoice, Payment
from hypothesis import strategies as st

# Days that are edge cases of a definition: month ends, a leap day, first days.
EDGES = [
    date(2024, 1, 31),
    date(2024, 2, 29),
    date(2024, 3, 1),
    date(2023, 2, 28),
    date(2023, 3, 1),
]
days = st.one_of(st.sampled_from(EDGES), st.dates(date(2022, 11, 1), date(2024, 4, 30)))
amounts = st.integers(0, 99_999_99).map(lambda cents: Decimal(cents) / 100)


@st.composite
def portfolios(draw: st.DrawFn) -> tuple[list[Invoice], list[Payment]]:
    """Draw invoices of a few clients, and payments of them and of an invoice that never arrives."""
    invoices = []
    for number in range(draw(st.integers(1, 14))):
        issued = draw(days)
        amount = draw(amounts)
        invoices.append(
            Invoice(
                id=f"f{number}",
                client=draw(st.sampled_from(["a", "b", "0c"])),
                issued=issued,
                due=issued + timedelta(draw(st.sampled_from([0, 1, 10, 30, 31]))),
                amount=amount,
                minimum=draw(st.one_of(st.none(), st.just(Decimal(0)), st.just(amount), amounts)),
            )
        )
    payments = []
    for number in range(draw(st.integers(0, 14))):
        invoice = draw(st.sampled_from(invoices))
        paid = draw(
            st.one_of(
                days,
                st.integers(-5, 70).map(lambda delay, issued=invoice.issued: issued + timedelta(delay)),
                st.just(invoice.due),
            )
        )
        amount = draw(st.one_of(st.just(max(invoice.amount, Decimal("0.01"))), amounts.map(lambda a: a + 1)))
        is_orphan = draw(st.integers(0, 9)) == 0
        payments.append(Payment(f"p{number}", "nowhere" if is_orphan else invoice.id, paid, amount))
    return invoices, payments


def fatura_row(invoice: Invoice) -> list[str]:
    """Return the raw cells of an invoice."""
    minimum = "" if invoice.minimum is None else str(invoice.minimum)
    return [
        invoice.id,
        invoice.client,
        str(invoice.issued),
        str(invoice.due),
        str(invoice.amount),
        minimum,
    ]


def pagamento_row(payment: Payment) -> list[str]:
    """Return the raw cells of a payment."""
    return [payment.id, payment.invoice, "a", str(payment.paid), str(payment.amount)]
