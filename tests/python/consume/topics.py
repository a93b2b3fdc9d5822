"""A topic of a test, what was sent to it, and what became of each offset, told without the consumer's code."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import duckdb
from confluent_kafka import Producer
from conftest import PROJECT
from lastro.cli import app
from typer.testing import CliRunner

LASTRO = str(Path(sys.executable).with_name("lastro"))
IS_THOROUGH = int(os.environ.get("LASTRO_EXAMPLES", "100")) >= 1000
COLUMNS = ["customer_id", "message_id", "customer_name", "channel", "payload", "event_datetime"]
# 2024-03-05 10:59:59 UTC, in milliseconds.
BEFORE_ELEVEN = 1_709_636_399_000


def message(number: int, **changes: Any) -> bytes:
    """Return a message whose text tells its number."""
    members = {
        "customer_id": str(1000 + number % 7),
        "message_id": f"{number:010X}",
        "customer_name": 'Conceição "Müller"',
        "channel": "Whatsapp",
        "payload": f'Olá, nº {number}: "até já" \\ €\n' + "x" * (number % 50),
        "event_datetime": f"2024-03-05T10:{number // 60 % 60:02d}:{number % 60:02d}.001+00:00",
    }
    return json.dumps(members | changes, ensure_ascii=number % 3 == 0).encode()


class Topic:
    """A topic of the broker.

    Attributes:
        sent: The bytes of every message that the broker has, by partition and offset.
        deleted: The first offset of each partition whose messages were not deleted.
    """

    def __init__(self, broker: Any, name: str, partitions: int = 1, **config: str) -> None:
        self.broker, self.name, self.partitions = broker, name, partitions
        broker.create_topic(name, partitions, **config)
        self.sent: dict[tuple[int, int], bytes | None] = {}
        self.count = 0
        self._producer = Producer(
            {"bootstrap.servers": broker.address, "enable.idempotence": True, "linger.ms": 5, "log_level": 0}
        )

    def send(
        self, values: Iterable[bytes | None], at: int | None = None, partition: int | None = None
    ) -> None:
        """Send messages, the first at this time of the broker and the others a second apart, and wait for it."""
        for number, value in enumerate(values):
            where = self.count % self.partitions if partition is None else partition
            self.count += 1
            options = {} if at is None else {"timestamp": at + 1000 * number}
            self._producer.produce(
                self.name, value, partition=where, on_delivery=self._keep(value), **options
            )
            self._producer.poll(0)
        assert self._producer.flush(90) == 0

    def send_some(self, count: int, **options: Any) -> None:
        self.send((message(number) for number in range(self.count, self.count + count)), **options)

    @contextmanager
    def sending(self, pause: float = 0.02) -> Iterator[None]:
        """Send messages all the time."""
        stop = threading.Event()

        def send() -> None:
            while not stop.is_set():
                self.send_some(20)
                stop.wait(pause)

        thread = threading.Thread(target=send)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _keep(self, value: bytes | None) -> Any:
        def keep(error: Any, delivered: Any) -> None:
            assert error is None, error
            self.sent[delivered.partition(), delivered.offset()] = value

        return keep


def start(topic: Topic, raw: Path | str, *args: str, **variables: str) -> subprocess.Popen[str]:
    """Start a consumer of the topic."""
    return subprocess.Popen(
        [LASTRO, "consume", "notifications", "--broker", topic.broker.address, "--topic", topic.name, *args],
        env=os.environ | {"LASTRO_RAW": str(raw), "COLUMNS": "200"} | variables,
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str], seconds: float = 90) -> str:
    """Return what a consumer said until its end."""
    try:
        return process.communicate(timeout=seconds)[0]
    finally:
        process.kill()


def consume_once(topic: Topic, raw: Path | str, *args: str, code: int = 0, **variables: str) -> str:
    """Run the command in this process, which spares its start, and return what it said."""
    command = ["consume", "notifications", "--broker", topic.broker.address, "--topic", topic.name]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        done = CliRunner().invoke(
            app, [*command, "--once", *args], env={"LASTRO_RAW": str(raw), "COLUMNS": "200"} | variables
        )
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert done.exit_code == code, done.output
    return done.output


def end(process: subprocess.Popen[str]) -> str:
    """Ask a consumer to end, which it must do in order."""
    process.send_signal(signal.SIGTERM)
    said = finish(process)
    assert process.returncode == 0, said
    return said


def wait_for(what: Any, seconds: float = 60) -> Any:
    """Wait until a function returns something true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("waited in vain")


def files(raw: Path) -> list[Path]:
    return sorted((raw / "mensageria" / "notifications").glob("dt=*/hour=*/*.parquet"))


def download(bucket: str, to: Path) -> Path:
    """Copy a bucket to a folder."""
    client = boto3.client("s3")
    for item in client.list_objects_v2(Bucket=bucket.removeprefix("s3://")).get("Contents", []):
        path = to / item["Key"]
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket.removeprefix("s3://"), item["Key"], str(path))
    return to


def gaps(raw: Path) -> list[dict[str, Any]]:
    return [
        json.loads(path.read_text()) for path in sorted((raw / "mensageria" / "lacunas").glob("*/*.json"))
    ]


def assert_each_offset_once(topic: Topic, raw: Path) -> None:
    """Assert that every offset that was sent is in one file or in one gap, and says what was sent."""
    rows: dict[tuple[int, int], tuple] = {}
    links: dict[int, list[tuple[int, int]]] = {}
    con = duckdb.connect(config={"threads": 1})
    for path in files(raw):
        found = con.execute(
            f"select {', '.join(COLUMNS)}, _partition, _offset, _ingested_at is null, _raw, _problem"
            " from read_parquet(?, hive_partitioning = false)",
            [str(path)],
        ).fetchall()
        assert found, f"{path} is empty"
        for row in found:
            where = row[6], row[7]
            assert where not in rows, f"{where} is in two files, one of them {path}"
            rows[where] = row
        told = con.execute("select decode(key), decode(value) from parquet_kv_metadata(?)", [str(path)])
        told = dict(told.fetchall())
        first, last = int(told["lastro.first_offset"]), int(told["lastro.last_offset"])
        match = re.fullmatch(re.escape(topic.name) + r"-(\d{5})-(\d{20})\.parquet", path.name)
        assert match and int(match[2]) == first and first <= min(row[7] for row in found)
        assert last >= max(row[7] for row in found) and {row[6] for row in found} == {int(match[1])}
        assert int(told["lastro.rows"]) == len(found) and told["lastro.topic"] == topic.name
        links.setdefault(int(match[1]), []).append((first, last))
    missing = set()
    for gap in gaps(raw):
        assert gap["topico"] == topic.name
        links.setdefault(gap["particao"], []).append((gap["de_offset"], gap["ate_offset"]))
        missing |= {(gap["particao"], at) for at in range(gap["de_offset"], gap["ate_offset"] + 1)}
    assert not missing & rows.keys(), "offsets are both in a file and in a gap"
    # Compared as sorted lists, so that a failure shows the first difference.
    expected = sorted(where for where in topic.sent if where not in missing)
    assert sorted(rows) == expected
    for chain in links.values():
        chain.sort()
        for (_, last), (first, _) in itertools.pairwise(chain):
            assert first == last + 1, chain
    for where, row in rows.items():
        assert_says(topic.sent[where], row, where)


def assert_says(value: bytes | None, row: tuple, where: object) -> None:
    """Assert that a row says what a message of texts or a message that does not parse says."""
    assert not row[8], f"{where}: no time of arrival"
    if row[10] is None:
        members = json.loads(value or b"")
        assert list(row[:6]) == [members[name] for name in COLUMNS], where
        assert row[9] is None
    else:
        assert row[:6] == (None,) * 6
        assert base64.b64decode(row[9]) == (value or b""), where
