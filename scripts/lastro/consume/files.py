"""The raw Parquet file of one flush: its name, its rows, and what its metadata tell."""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from lastro.consume.parse import COLUMNS, parse
from lastro.receive.roots import Bucket, Folder

FOLDER = "mensageria/notifications/"
GAPS = "mensageria/lacunas/"
# Where records stand whose timestamp is absent or absurd.
NO_DAY = "dt=1970-01-01"

ROW_GROUP = 100_000
# Rows become Arrow in pieces: as Python objects they take several times the memory.
_PIECE = 10_000
_PIECE_BYTES = 64 * 1024**2
_FOOTER = 64 * 1024
_ABSURD_BEFORE = datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000
_ABSURD_FROM = datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000

_SCHEMA = pa.schema(
    [(name, pa.string()) for name in COLUMNS]
    + [
        ("_partition", pa.int32()),
        ("_offset", pa.int64()),
        ("_ingested_at", pa.timestamp("us", "UTC")),
        ("_raw", pa.string()),
        ("_problem", pa.string()),
        ("_extra", pa.string()),
    ]
)
_BUFFERED = pa.schema([field for field in _SCHEMA if field.name not in ("_partition", "_ingested_at")])


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int

    def __str__(self) -> str:
        """Return its name as in the names of files."""
        return f"{self.topic}-{self.number:05d}"


def file_name(partition: Partition, start: int, timestamp: int | None) -> str:
    """Return the name of the flush from a position.

    Whoever flushes from this position must find the same name, so nothing in it comes from a clock here.

    Args:
        partition: The partition.
        start: The position: the previous file's end + 1, which is not always an offset that has a record.
        timestamp: The broker's timestamp of the first record, in milliseconds of the epoch, or None.
    """
    if timestamp is None or not _ABSURD_BEFORE <= timestamp < _ABSURD_FROM:
        hour = f"{NO_DAY}/hour=00"
    else:
        hour = datetime.fromtimestamp(timestamp // 1000, UTC).strftime("dt=%Y-%m-%d/hour=%H")
    return f"{FOLDER}{hour}/{partition}-{start:020d}.parquet"


# Ours, or <topic>+<partition>+<start>.snappy.parquet, as the S3 sink of Kafka Connect names its files:
# https://docs.confluent.io/kafka-connectors/s3-sink/current/overview.html
_NAME = re.compile(r"(?P<topic>.+)([-+])(?P<partition>\d+)\2(?P<start>\d+)(\.[a-z]+)?\.parquet")


def parse_name(name: str) -> tuple[Partition, int] | None:
    """Return the partition and the start of a raw file, or None if the file is something else."""
    match = _NAME.fullmatch(name.rpartition("/")[2])
    return (Partition(match["topic"], int(match["partition"])), int(match["start"])) if match else None


class Held:
    """The messages of one partition that are in no file yet.

    Attributes:
        partition: The partition.
        start: The position of the first of them, which names the file.
        next: The position behind the last of them.
        bytes: The size of their values as they came.
        timestamps: When the broker says they came, in milliseconds of the epoch; -1 if it does not say.
        problems: How many of them do not parse.
        since: The monotonic time of the first of them.
    """

    def __init__(self, partition: Partition, start: int) -> None:
        """Hold nothing, from this position on."""
        self.partition = partition
        self.start = self.next = start
        self.bytes = 0
        self.timestamps = array("q")
        self.problems = 0
        self.since = 0.0
        self._first_timestamp: int | None = None
        self._piece_bytes = 0
        self._pieces: list[pa.RecordBatch] = []
        self._rows: list[tuple] = []
        self._events: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        """Return the number of messages."""
        return len(self.timestamps)

    def add(self, offset: int, timestamp: int | None, message: bytes | None) -> None:
        """Hold the message at an offset."""
        values, raw, problem, extra = parse(message)
        if not self.timestamps:
            self._first_timestamp = timestamp
        self.timestamps.append(-1 if timestamp is None else timestamp)
        self._rows.append((*values, offset, raw, problem, extra))
        if problem:
            self.problems += 1
        size = len(message) if message else 0
        self.bytes += size
        self._piece_bytes += size
        self.next = offset + 1
        if len(self._rows) >= _PIECE or self._piece_bytes >= _PIECE_BYTES:
            self._seal()

    def file(self, now: datetime) -> tuple[str, bytes]:
        """Return the name and the bytes of the file that holds them; there must be some."""
        self._seal()
        metadata = {
            "topic": self.partition.topic,
            "partition": str(self.partition.number),
            "first_offset": str(self.start),
            "last_offset": str(self.next - 1),
            "rows": str(len(self)),
            "ingested_at": now.isoformat(),
        }
        if self._events:
            metadata["first_event"] = min(self._events)[1]
            metadata["last_event"] = max(self._events)[1]
        table = pa.Table.from_batches(self._pieces)
        count = table.num_rows
        constants = {"_partition": self.partition.number, "_ingested_at": now}
        for name, value in constants.items():
            column = pa.repeat(pa.scalar(value, _SCHEMA.field(name).type), count)
            table = table.add_column(_SCHEMA.get_field_index(name), name, column)
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, _SCHEMA, compression="zstd", store_schema=False) as writer:
            writer.write_table(table.cast(_SCHEMA), row_group_size=ROW_GROUP)
            writer.add_key_value_metadata({f"lastro.{name}": text for name, text in metadata.items()})
        name = file_name(self.partition, self.start, self._first_timestamp)
        return name, sink.getvalue().to_pybytes()

    def _seal(self) -> None:
        if not self._rows:
            return
        self._piece_bytes = 0
        columns = list(zip(*self._rows, strict=True))
        self._rows.clear()
        self._pieces.append(pa.record_batch(columns, schema=_BUFFERED))
        events = [event for event in map(_event, columns[5]) if event]
        if events:
            self._events += [min(events), max(events)]


def _event(text: str | None) -> tuple[datetime, str] | None:
    """Return a time with its text, or None if it is none; without an offset it is UTC."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)), text
    except (ValueError, OverflowError):
        return None


def end_of(root: Folder | Bucket, name: str) -> int:
    """Return the last offset that a raw file stands for, from its metadata.

    Raises:
        ValueError: The file is no whole raw file.
    """
    try:
        metadata = _metadata(root, name)
        said = (metadata.metadata or {}).get(b"lastro.last_offset")
        return _last_offset(metadata) if said is None else int(said)
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise ValueError(
            f"{root.address}/{name} is no whole file of messages ({error!r}), so the offset to go on"
            " from is unknown. Restore it from a copy; if there is none, move it away: it is written again."
        ) from None


def _last_offset(metadata: pq.FileMetaData) -> int:
    """Return the highest offset of a file that somebody else wrote, from the statistics of its column."""
    at = metadata.schema.names.index("_offset")
    groups = [metadata.row_group(group).column(at) for group in range(metadata.num_row_groups)]
    if not groups or any(group.statistics is None for group in groups):
        raise ValueError("no statistics of _offset")
    return max(group.statistics.max for group in groups)


def _metadata(root: Folder | Bucket, name: str) -> pq.FileMetaData:
    """Return the metadata of a file, for which its end is enough."""
    if isinstance(root, Folder):
        return pq.read_metadata(root.path / name)
    wanted = _FOOTER
    while True:
        found = root.client.get_object(Bucket=root.bucket, Key=root.prefix + name, Range=f"bytes=-{wanted}")
        data = found["Body"].read()
        need = int.from_bytes(data[-8:-4], "little") + 8
        if need <= len(data) or wanted >= need:
            return pq.read_metadata(io.BytesIO(data))
        wanted = need


def delays(timestamps: Iterable[int], now: datetime) -> list[float]:
    """Return how long messages waited from the broker to now, in seconds, in order."""
    at = now.timestamp()
    return sorted(max(0.0, at - time / 1000) for time in timestamps if time >= 0)
