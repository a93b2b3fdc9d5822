"""Test messages of the platform's notifications: the same seed gives the same bytes."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import NamedTuple

from confluent_kafka import KafkaException, Producer

_FIRST = ("Ana", "João", "Conceição", "Luís", "Márcia", "Antônio", "Íris", "Sebastião", "Letícia", "Hélio")
_LAST = ("Souza", "Araújo", "Gonçalves", "Lima", "Brandão", "Sá", "Assunção", "Müller", "d'Ávila", "Peçanha")
_PAYLOADS = (
    'Olá, {name}! Sua fatura de R$ {amount} vence amanhã. Responda "SIM" para receber o código de barras.',
    "Oi {name}, recebemos o seu pagamento de R$ {amount}. Obrigado pela confiança!",
    '{name}, há uma condição especial: quite R$ {amount} em até 3× sem juros. Digite "quero" e fale conosco.',
    "Atenção, {name}: a entrega não pôde ser concluída.\nReagende até às 18h pelo link https://exemplo.com.br/r",
)
# No row: each for another reason.
_BROKEN = (
    b'{"customer_id": "7", "message_id": ',
    b'["customer_id", "7"]',
    b'{"customer_id": "7", "customer_id": "8"}',
    b'{"customer_id": "7", "payload": "\\u0000"}',
    b"\xff\xfe ol\xe1",
    None,
)
# A copy follows its message after at most this many others.
_LATE = 5_000
# After how many seconds a customer is renamed, if it is not known how many messages there will be.
_RENAMED_AFTER = 1800


class Message(NamedTuple):
    """A message as it is sent: its key, the customer's id, decides its partition."""

    key: bytes
    value: bytes | None


def messages(
    count: int | None,
    *,
    rate: float = 1200,
    customers: int = 50,
    seed: int = 7,
    copies: float = 0.001,
    broken: float = 0.0001,
    start: datetime | None = None,
) -> Iterator[Message]:
    """Yield messages; one share are copies of earlier ones, byte by byte, one share are no rows.

    Args:
        count: How many; None for no end.
        rate: Messages per second, by their event times.
        customers: Number of customers; the first two share a name, the third gets another name half-way.
        seed: The same seed, start and sizes give the same bytes.
        copies: The share of copies.
        broken: The share of messages that do not parse.
        start: The first event time; now if None.
    """
    chance = random.Random(seed)
    start = start or datetime.now(UTC)
    names = [_name(number, customers) for number in range(customers)]
    weights = [1 / (number + 3) for number in range(customers)]
    chosen: list[int] = []
    renamed_at = count // 2 if count else int(rate * _RENAMED_AFTER)
    waiting: list[tuple[int, Message]] = []
    sent = 0
    while count is None or sent < count:
        if sent == renamed_at and customers > 2:
            names[2] += " ME"
        if waiting and waiting[0][0] <= sent:
            yield waiting.pop(0)[1]
            sent += 1
            continue
        if not chosen:
            chosen = chance.choices(range(customers), weights, k=10_000)
        customer = chosen.pop()
        key = str(1001 + customer).encode()
        if chance.random() < broken:
            yield Message(key, chance.choice(_BROKEN))
            sent += 1
            continue
        at = start + timedelta(seconds=sent / rate)
        payload = _PAYLOADS[chance.randrange(len(_PAYLOADS))]
        amount = f"{chance.randrange(1, 3000)},{chance.randrange(100):02d}"
        message = Message(
            key,
            json.dumps(
                {
                    "customer_id": key.decode(),
                    "message_id": f"{chance.getrandbits(40):010X}",
                    "customer_name": names[customer],
                    "channel": "Whatsapp",
                    "payload": payload.format(name=_FIRST[chance.randrange(len(_FIRST))], amount=amount),
                    "event_datetime": at.astimezone(UTC).isoformat(timespec="milliseconds"),
                },
                ensure_ascii=False,
            ).encode(),
        )
        if chance.random() < copies:
            waiting.append((sent + 1 + chance.randrange(_LATE), message))
            waiting.sort(key=lambda each: each[0])
        yield message
        sent += 1


def _name(number: int, customers: int) -> str:
    same_as = 0 if number == 1 and customers > 1 else number
    return f"{_FIRST[same_as % 10]} {_LAST[same_as // 10 % 10]} {'Comércio' if same_as % 2 else 'Serviços'}"


def produce(
    source: Iterator[Message],
    broker: str,
    topic: str,
    *,
    rate: float | None = None,
    stop: Event | None = None,
    sent: Callable[[int], None] = lambda count: None,
) -> int:
    """Send messages to a topic, and return how many the broker has.

    Args:
        source: The messages.
        broker: HOST:PORT.
        topic: The topic, which must exist.
        rate: Messages per second; None for as many as the broker takes.
        stop: Ends it when set.
        sent: Called now and then with the number of messages so far.

    Raises:
        RuntimeError: The broker cannot be reached, has no such topic, or did not take a message.
    """
    settings = {"bootstrap.servers": broker, "linger.ms": 20, "log_level": 0, "enable.idempotence": True}
    # What a broker does not take within this time is an error.
    producer = Producer(settings | {"message.timeout.ms": 60_000, "compression.type": "zstd"})
    _check_topic(producer, broker, topic)
    failures: list[str] = []

    def delivered(error: object, _: object) -> None:
        if error is not None and len(failures) < 3:
            failures.append(str(error))

    begin, count = time.monotonic(), 0
    for message in source:
        if failures or (stop is not None and stop.is_set()):
            break
        while True:
            try:
                producer.produce(topic, message.value, message.key, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        count += 1
        if count % 100 == 0:
            producer.poll(0)
            sent(count)
            if rate:
                time.sleep(max(0, begin + count / rate - time.monotonic()))
    left = producer.flush(90)
    if failures or left:
        raise RuntimeError(f"{broker} did not take every message: {'; '.join(failures) or f'{left} wait'}.")
    return count


def _check_topic(producer: Producer, broker: str, topic: str) -> None:
    try:
        found = producer.list_topics(topic, timeout=10).topics[topic]
    except KafkaException as error:
        raise RuntimeError(f"{broker} cannot be reached: {error.args[0].str()}") from None
    if found.error is not None:
        raise RuntimeError(f"{broker} has no topic {topic!r}. Create it there, or choose another --topic.")
