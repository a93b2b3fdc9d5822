"""The loop from broker to raw files: hold, flush, go on behind what is durable."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any, NamedTuple

from confluent_kafka import Consumer as Client
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from lastro.consume.chain import Chain
from lastro.consume.files import Held, Partition, delays, end_of
from lastro.consume.metrics import Metrics
from lastro.receive.places import outages
from lastro.receive.roots import Bucket, Folder

_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 10
_FAREWELL_SECONDS = 5
# A broker that restarts answers after seconds, and may know fewer messages for a moment.
_PATIENCE_SECONDS = 60
_BATCH = 10_000
# Behind every offset.
_END = 2**63
_BATCH_BYTES = 16 * 1024**2

# Bounds what waits for the loop, which asks for nothing while it writes. Fetches come compressed: one of
# the usual megabyte for each partition would be hundreds in memory.
_DEFAULTS = {"client.id": "lastro", "queued.max.messages.kbytes": 32768, "fetch.message.max.bytes": 262144}
# What exactly once depends on.
_OURS = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "allow.auto.create.topics": False,
    # Revokes all before it assigns, so there is one moment to flush and one to look for durable files.
    "partition.assignment.strategy": "range",
    "group.protocol": "classic",
}
_UNKNOWN = {KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION}
_FATAL = {
    *_UNKNOWN,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError._AUTHENTICATION,
    KafkaError.SASL_AUTHENTICATION_FAILED,
}
_UNREACHABLE = {
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
}
_OUT_OF_RANGE = {KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE}

_quiet = logging.getLogger("lastro.librdkafka")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False


class BrokerError(RuntimeError):
    """The broker cannot be reached, or does not let us read."""


class GapFound(RuntimeError):
    """Messages were deleted on the broker before they were in a file. Their record is written."""


class _Stopped(Exception):
    """Somebody asked to end while the broker was waited for."""


class Missing(NamedTuple):
    """A gap: a partition's offsets that are no more on the broker."""

    partition: Partition
    first: int
    last: int


@dataclass(frozen=True)
class Settings:
    """What to consume, and when to flush.

    Attributes:
        broker: HOST:PORT, several with commas.
        topic: The topic.
        group: The consumer group.
        flush_seconds: How long a message may wait for its flush.
        flush_rows: How many messages of a partition are one file at most, but for the last few thousand.
        flush_bytes: How many bytes of messages all partitions together hold.
        properties: Properties for librdkafka, such as those of TLS and SASL.
    """

    broker: str
    topic: str
    group: str = "lastro"
    flush_seconds: float = 60
    flush_rows: int = 500_000
    flush_bytes: int = 128 * 1024**2
    properties: dict[str, str] = field(default_factory=dict)

    def client(self) -> dict[str, Any]:
        """Return the configuration of librdkafka.

        Raises:
            ValueError: A property is one that exactly once depends on.
        """
        taken = sorted({*_OURS, "bootstrap.servers", "group.id"} & self.properties.keys())
        if taken:
            raise ValueError(f"{', '.join(taken)}: Lastro sets this itself; leave the property out.")
        ours = _OURS | {"bootstrap.servers": self.broker, "group.id": self.group}
        return _DEFAULTS | self.properties | ours


class Consumer:
    """One member of the group."""

    def __init__(
        self, root: Folder | Bucket, settings: Settings, metrics: Metrics, log: Callable[[str], None]
    ) -> None:
        """Prepare to read.

        Args:
            root: The raw root.
            settings: What to consume.
            metrics: Where to count.
            log: Takes one line that a person should read.

        Raises:
            ValueError: librdkafka does not know a property, or its value.
        """
        self.root, self.settings, self.metrics, self.log = root, settings, metrics, log
        self.chain = Chain(root)
        self.held: dict[int, Held] = {}
        self._targets: dict[int, int] = {}
        self._ended: set[int] = set()
        self._assignments = 0
        # Between two assignments nothing is held, and nothing is done either.
        self._is_assigned = False
        self._moved = False
        self._commits = 0
        self._average_bytes = 1000
        self._failure: BaseException | None = None
        self._last_error: KafkaError | None = None
        self._told: set[int] = set()
        self._stop = Event()
        try:
            self._client = Client(
                settings.client() | {"error_cb": self._on_error, "on_commit": self._committed}, logger=_quiet
            )
        except KafkaException as error:
            raise ValueError(f"--property: {_text(error)}") from None

    def run(self, stop: Event, once: bool = False, show: Callable[[], None] = lambda: None) -> None:
        """Consume until the event is set; if asked, until all is read that was there at the start.

        Raises:
            BrokerError: The broker cannot be reached, or does not let us read.
            GapFound: Messages are missing on the broker.
            Outage: The raw root cannot be written.
        """
        self._stop = stop
        try:
            self._find_topic()
            self._client.subscribe(
                [self.settings.topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._lose
            )
            while not stop.is_set():
                if once and self._is_done():
                    self._flush(list(self.held.values()))
                    if not self._moved:
                        break
                    # What was read is in files already; what comes behind them was not read yet.
                    self._seek()
                assignments = self._assignments
                size = max(50, min(_BATCH, _BATCH_BYTES // self._average_bytes))
                messages = self._client.consume(size, timeout=self._wait())
                self._raise_failure()
                if assignments != self._assignments:
                    # Some may come from before the partitions were taken and given again: read them again.
                    self._moved = True
                else:
                    self._take(messages)
                    self._flush_due()
                if self._moved:
                    self._seek()
                show()
            self._flush(list(self.held.values()))
            self._commit(self.held)
            self._await_commits()
        except _Stopped:
            pass
        except KafkaException as error:
            self.held.clear()
            raise BrokerError(self._about_broker(error.args[0])) from None
        except BaseException:
            # Nothing of it is durable, and nothing is lost: the next start reads it again.
            self.held.clear()
            raise
        finally:
            self._leave()
        self._raise_failure()

    def lag(self) -> dict[int, int]:
        """Return how many messages of each partition are in no file."""
        found = {}
        for partition, held in self.held.items():
            _, high = self._client.get_watermark_offsets(
                TopicPartition(self.settings.topic, partition), cached=True
            )
            found[partition] = max(0, high - held.start) if high >= 0 else len(held)
            self.metrics.lag.labels(str(partition)).set(found[partition])
        return found

    def _wait(self) -> float:
        """Return for how long to wait for messages: not longer than the next flush does."""
        due = [held.since + self.settings.flush_seconds for held in self.held.values() if len(held)]
        return max(0.01, min([_POLL_SECONDS, *(at - time.monotonic() for at in due)]))

    def _is_done(self) -> bool:
        return self._is_assigned and all(
            partition in self._ended or held.next >= self._targets[partition]
            for partition, held in self.held.items()
        )

    def _raise_failure(self) -> None:
        if self._failure is not None and not isinstance(self._failure, _Stopped):
            raise self._failure

    # --- Messages ---

    def _take(self, messages: list[Message]) -> None:
        size = 0
        if messages:
            # The broker is there; what it does next is told again.
            self._told.clear()
        for message in messages:
            error = message.error()
            if error is not None:
                self._handle(error, message)
                continue
            held = self.held.get(message.partition())
            offset = message.offset()
            if held is None or offset < held.next:
                continue
            if not len(held):
                held.since = time.monotonic()
            kind, timestamp = message.timestamp()
            value = message.value()
            held.add(offset, timestamp if kind else None, value)
            size += len(value) if value else 0
        if messages:
            self._average_bytes = 1 + size // len(messages)

    def _handle(self, error: KafkaError, message: Message) -> None:
        code, partition = error.code(), message.partition()
        if code == KafkaError._PARTITION_EOF:
            # Behind the last message there may be marks of transactions, which are never delivered. Each file
            # begins behind the last message of the one before it all the same, so that a gap can be seen.
            if partition in self.held:
                self._ended.add(partition)
        elif code in _OUT_OF_RANGE:
            self._flush([held for held in [self.held.get(partition)] if held])
            if partition in self.held:
                self.held |= self._located([partition])
                self._moved = True
        elif code in _FATAL or error.fatal():
            raise BrokerError(self._about_broker(error))
        else:
            self.log(f"broker: {error.str()}")

    # --- Flushes ---

    def _flush_due(self) -> None:
        now = time.monotonic()
        due = [
            held
            for held in self.held.values()
            if len(held) >= self.settings.flush_rows
            or (len(held) and now - held.since >= self.settings.flush_seconds)
        ]
        self._flush(due)
        largest = sorted(self.held.values(), key=lambda held: held.bytes)
        while sum(held.bytes for held in largest) > self.settings.flush_bytes:
            self._flush([largest.pop()])

    def _flush(self, helds: Iterable[Held]) -> None:
        """Write a file for each that holds messages, and begin again behind it."""
        written = []
        for held in helds:
            if not len(held):
                continue
            number = held.partition.number
            now = datetime.now(UTC)
            name, data = held.file(now)
            with outages(f"{self.root.address}/{name}"):
                is_ours = self.root.create(name, data) is not None
                end = held.next - 1 if is_ours else end_of(self.root, name)
            if end < held.start:
                raise ValueError(f"{self.root.address}/{name}: ends at offset {end}, before its start.")
            self.held[number] = Held(held.partition, end + 1)
            if not is_ours:
                self._moved = True
                self.metrics.taken.inc()
                self.log(
                    f"warning: {name}: another consumer wrote offsets {held.start} to {end}; dropped"
                    f" {len(held)} messages, and went on behind them"
                )
                continue
            written.append(number)
            waited = delays(held.timestamps, datetime.now(UTC))
            self.metrics.written(len(held), held.problems, len(data), waited)
            self.log(f"{name}: {len(held)} messages, offsets {held.start} to {end}, {len(data)} bytes")
        self._commit(written)

    def _commit(self, partitions: Iterable[int]) -> None:
        """Tell the broker how far files go, for tools that show the lag; nobody here reads it."""
        offsets = [
            TopicPartition(self.settings.topic, number, self.held[number].start) for number in partitions
        ]
        if not offsets:
            return
        try:
            self._client.commit(offsets=offsets, asynchronous=True)
            self._commits += 1
        except KafkaException as error:
            self.log(f"offsets were not committed, which only tools for the lag see: {_text(error)}")

    def _committed(self, error: KafkaError | None, _: list[TopicPartition]) -> None:
        self._commits -= 1

    def _await_commits(self) -> None:
        """Wait for the broker's answer, but not for a broker that is gone: the files are durable."""
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while self._commits > 0 and time.monotonic() < deadline:
            # A message that comes now is read again by the next start.
            self._client.poll(0.05)

    def _leave(self) -> None:
        """Leave the group. Nothing is held any more; a broker that is gone is not waited for."""
        leaving = Thread(target=self._client.close, daemon=True)
        leaving.start()
        leaving.join(_FAREWELL_SECONDS)
        if leaving.is_alive():
            self.log("the broker does not answer; it will miss this consumer by itself")

    def _seek(self) -> None:
        """Fetch from where each partition goes on, and forget what was fetched before."""
        self._moved = False
        self._ended.clear()
        self._client.assign(
            [TopicPartition(self.settings.topic, number, held.next) for number, held in self.held.items()]
        )

    # --- Partitions come and go ---

    def _assign(self, client: Client, partitions: list[TopicPartition]) -> None:
        self._assignments += 1
        self._is_assigned = True
        try:
            self.held = self._located([each.partition for each in partitions])
        except Exception as error:
            self._fail(error)
        client.assign(
            [TopicPartition(self.settings.topic, number, held.next) for number, held in self.held.items()]
        )
        if partitions and not self._failure:
            starts = ", ".join(f"{number} from {held.next}" for number, held in sorted(self.held.items()))
            self.log(f"reads partitions {starts}")

    def _revoke(self, client: Client, partitions: list[TopicPartition]) -> None:
        self._assignments += 1
        self._is_assigned = False
        numbers = [each.partition for each in partitions if each.partition in self.held]
        if self._failure is None:
            try:
                self._flush([self.held[number] for number in numbers])
            except Exception as error:
                self._fail(error)
        self._forget(numbers)

    def _lose(self, client: Client, partitions: list[TopicPartition]) -> None:
        self._assignments += 1
        self._is_assigned = False
        numbers = [each.partition for each in partitions if each.partition in self.held]
        dropped = sum(len(self.held[number]) for number in numbers)
        self._forget(numbers)
        self.log(f"warning: lost {len(numbers)} partitions to the group; dropped {dropped} messages held")

    def _forget(self, numbers: list[int]) -> None:
        for number in numbers:
            self.held.pop(number, None)
            self._ended.discard(number)
        self.metrics.forget(numbers)

    def _fail(self, error: BaseException) -> None:
        """Keep an error of a callback, which cannot raise it, for the loop."""
        self._failure = self._failure or error
        self.held = {}

    def _located(self, numbers: list[int]) -> dict[int, Held]:
        """Return for each partition what holds nothing from the position on at which it goes on.

        Raises:
            GapFound: The broker has no more what comes next.
            BrokerError: The broker does not answer, or has fewer messages than the files.
        """
        partitions = {number: Partition(self.settings.topic, number) for number in numbers}
        marks = {number: self._watermarks(number) for number in numbers}
        empty = [partitions[number] for number, (_, high) in marks.items() if high == 0]
        with outages(self.root.address):
            found = self.chain.positions(partitions.values(), empty=empty)
            early = [each for number, each in partitions.items() if found.get(each, _END) < marks[number][0]]
            found |= self.chain.positions(early, is_exhaustive=True) if early else {}
        missing: list[Missing] = []
        helds: dict[int, Held] = {}
        for number, partition in partitions.items():
            low, high = marks[number]
            start = found.get(partition, low)
            if start < low:
                missing.append(Missing(partition, start, low - 1))
                continue
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while start > high:
                self._pause()
                if time.monotonic() > deadline:
                    raise BrokerError(
                        f"{self.settings.topic}, partition {number}: the files go up to offset {start - 1},"
                        f" the broker only to {high - 1}. Was the topic made anew? Then give it another name."
                    )
                _, high = self._watermarks(number)
            self._targets.setdefault(number, high)
            helds[number] = Held(partition, start)
        if missing:
            raise self._recorded(missing)
        return helds

    def _recorded(self, missing: list[Missing]) -> GapFound:
        """Write the record of each gap, and return the error that tells of all."""
        lines = []
        for partition, first, last in missing:
            with outages(self.root.address):
                self.chain.write_gap(partition, first, last, datetime.now(UTC))
            self.metrics.gaps.inc()
            lines.append(
                f"{partition.topic}, partition {partition.number}: offsets {first} to {last} were deleted"
                f" on the broker before they were read ({last - first + 1} at most)."
            )
        lines.append(
            "The gap is recorded under mensageria/lacunas, and the bill of its day cannot be closed. Look for"
            " the messages at their sender, lengthen the topic's retention, then start this command again: it"
            " goes on behind the gap."
        )
        return GapFound("\n".join(lines))

    # --- The broker ---

    def _watermarks(self, number: int) -> tuple[int, int]:
        """Return the first offset and the one behind the last, as the broker says now."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                found = self._client.get_watermark_offsets(
                    TopicPartition(self.settings.topic, number), timeout=_ANSWER_SECONDS, cached=False
                )
                if found is not None:
                    return found
                error = None
            except KafkaException as raised:
                error = raised.args[0]
                if error.code() in _FATAL:
                    raise BrokerError(self._about_broker(error)) from None
            self._pause()
            if time.monotonic() > deadline:
                raise BrokerError(self._about_broker(error or self._last_error))

    def _pause(self) -> None:
        if self._stop.wait(0.5):
            raise _Stopped

    def _find_topic(self) -> None:
        deadline = time.monotonic() + _ANSWER_SECONDS
        while True:
            try:
                found = self._client.list_topics(self.settings.topic, timeout=1)
                break
            except KafkaException as error:
                # The reason is told to the callback for errors.
                self._client.poll(0)
                self._raise_failure()
                if time.monotonic() > deadline:
                    raise BrokerError(self._about_broker(self._last_error or error.args[0])) from None
            self._pause()
        topic = found.topics.get(self.settings.topic)
        if topic is None or topic.error is not None:
            raise BrokerError(self._about_broker(topic.error if topic else None))

    def _about_broker(self, error: KafkaError | None) -> str:
        broker, topic = self.settings.broker, self.settings.topic
        code = error.code() if error else KafkaError.UNKNOWN_TOPIC_OR_PART
        if code in _UNKNOWN:
            return f"{broker} has no topic {topic!r}. Create it there, or choose another --topic."
        if code in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED):
            return f"{broker} refuses the credentials: {error.str()}"
        if code in _FATAL:
            return f"{broker} does not allow this: {error.str()}. Ask for the right to read {topic!r}."
        if code in _UNREACHABLE:
            return f"{broker} cannot be reached: {error.str()}"
        return f"{broker}: {error.str()}"

    def _on_error(self, error: KafkaError) -> None:
        """Keep what librdkafka tells of connections; it mends most of it by itself."""
        is_new = error.code() not in self._told
        self._told.add(error.code())
        # That all brokers are down says less than why.
        if error.code() != KafkaError._ALL_BROKERS_DOWN or self._last_error is None:
            self._last_error = error
        if error.fatal() or error.code() in _FATAL:
            self._fail(BrokerError(self._about_broker(error)))
        elif is_new and self._assignments:
            self.log(f"broker: {error.str()}")


def _text(error: KafkaException) -> str:
    found = error.args[0]
    return found.str() if isinstance(found, KafkaError) else str(found)
