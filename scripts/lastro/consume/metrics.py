"""What the consumer tells Prometheus, on 127.0.0.1 only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 45, 60, 90, 120, 300, 600, 1800, 3600, 21600, 86400)


class _Delays(Collector):
    """A histogram that takes sorted values by the thousand."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_BUCKETS) + 1)
        self._sum = 0.0

    def observe(self, values: list[float]) -> None:
        below = [bisect_right(values, bucket) for bucket in _BUCKETS] + [len(values)]
        self._counts = [count + more for count, more in zip(self._counts, below, strict=True)]
        self._sum += sum(values)

    def collect(self) -> Iterator[Metric]:
        names = [*(str(float(bucket)) for bucket in _BUCKETS), "+Inf"]
        yield HistogramMetricFamily(
            "lastro_consume_ingest_delay_seconds",
            "From the broker's timestamp of a message until its file was durable.",
            buckets=list(zip(names, self._counts, strict=True)),
            sum_value=self._sum,
        )


class Metrics:
    """Counters of one consumer."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.registry = CollectorRegistry()
        self.lag = Gauge(
            "lastro_consume_lag",
            "Messages on the broker that are in no file.",
            ["partition"],
            registry=self.registry,
        )
        self.written_messages = self.written_files = 0
        self.messages = self._counter("messages", "Messages that are in a file.")
        self.unparsed = self._counter("unparsed_messages", "Of these, messages kept as bytes with a problem.")
        self.flushes = self._counter("flushes", "Files written.")
        self.bytes = self._counter("bytes", "Bytes of the files written.")
        self.taken = self._counter("taken_names", "Flushes that another consumer had written already.")
        self.gaps = self._counter("gaps", "Gaps found.")
        self._delays = _Delays()
        self.registry.register(self._delays)
        quantile = Gauge(
            "lastro_consume_last_flush_delay_seconds",
            "The ingest delay of the last file, by quantile.",
            ["quantile"],
            registry=self.registry,
        )
        self._p50, self._p99 = quantile.labels("0.5"), quantile.labels("0.99")
        self.p50 = self.p99 = 0.0

    def written(self, messages: int, unparsed: int, size: int, values: list[float]) -> None:
        """Count a file: its messages, those that do not parse, its bytes, and sorted delays in seconds."""
        self.written_messages += messages
        self.written_files += 1
        self.messages.inc(messages)
        self.unparsed.inc(unparsed)
        self.flushes.inc()
        self.bytes.inc(size)
        if not values:
            return
        self._delays.observe(values)
        self.p50, self.p99 = values[len(values) // 2], values[len(values) * 99 // 100]
        self._p50.set(self.p50)
        self._p99.set(self.p99)

    def forget(self, partitions: Iterable[int]) -> None:
        """Say nothing more of partitions that another consumer has."""
        for partition in partitions:
            with suppress(KeyError):
                self.lag.remove(str(partition))

    def serve(self, port: int) -> None:
        """Answer Prometheus on this port of 127.0.0.1.

        Raises:
            OSError: The port is taken.
        """
        start_http_server(port, addr="127.0.0.1", registry=self.registry)

    def _counter(self, name: str, says: str) -> Counter:
        return Counter(f"lastro_consume_{name}", says, registry=self.registry)
