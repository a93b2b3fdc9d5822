"""Sends the closings that have not been told yet, at least once each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from lastro.notify.message import Closing, Message, render
from lastro.notify.patience import Unreachable
from lastro.notify.senders import Sender

# A sender that nobody answered so often in a row is left out until the next run: each time costs minutes.
_UNANSWERED = 3


def deliver(
    closings: Iterable[Closing],
    senders: Sequence[Sender],
    already_sent: Collection[tuple[str, str]],
    on_sent: Callable[[Message, Sender], None],
) -> list[str]:
    """Send each closing by each sender that has not had it.

    At least once: a run that is killed after a message left and before `on_sent` returned sends it again,
    with the same id, by which the receiver knows it. A failure stops neither the other senders nor the other
    closings.

    Args:
        closings: Batches that ended, each in an event that is already durable.
        senders: Each with a `canal` of its own.
        already_sent: The id of each notification and the `canal` that had it.
        on_sent: Called right after each success, to write the durable event `notificado`. What it raises
            ends the run, because whatever was sent without it would be sent again.

    Returns:
        One line for each message that was not delivered, and one for each sender whose others wait for the
        next run.

    Raises:
        ValueError: Two senders have the same `canal`, so that what one sent would count for both.
    """
    canals = Counter(sender.canal for sender in senders)
    if repeated := [canal for canal, count in canals.items() if count > 1]:
        raise ValueError(f"two senders are called {repeated[0]}. Give each a name of its own.")
    sent = set(already_sent)
    unanswered: Counter[str] = Counter()
    postponed: Counter[str] = Counter()
    failures = []
    for closing in closings:
        message = render(closing)
        for sender in senders:
            is_for_another = sender.clients and closing.id_cliente not in sender.clients
            if is_for_another or (message.id, sender.canal) in sent:
                continue
            if unanswered[sender.canal] == _UNANSWERED:
                postponed[sender.canal] += 1
                continue
            try:
                sender.send(message)
            except ConnectionError as error:
                failures.append(f"{message.id} was not sent. {error}")
                is_answer = not isinstance(error, Unreachable)
                unanswered[sender.canal] = 0 if is_answer else unanswered[sender.canal] + 1
                continue
            unanswered[sender.canal] = 0
            sent.add((message.id, sender.canal))
            on_sent(message, sender)
    failures += [
        f"{canal}: {count} more were not tried, because it does not answer. The next run sends them."
        for canal, count in postponed.items()
    ]
    return failures
