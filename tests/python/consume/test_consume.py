"""Whatever is killed, suspended, taken away or refused: each offset is in one file or in one gap, as it was sent."""

from __future__ import annotations

import base64
import json
import random
import shutil
import signal
import socket
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import duckdb
import pytest
from confluent_kafka import Consumer as Client
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, Producer, TopicPartition
from lastro.consume import consumer as consumer_module
from lastro.consume import files as files_module
from lastro.consume.consumer import Consumer, GapFound, Settings
from lastro.consume.metrics import Metrics
from lastro.receive.places import Outage
from lastro.receive.roots import Bucket, Folder, root_at
from recebimento.faults import BadNetwork, Killed, SteppedFolder, Steps
from topics import (
    BEFORE_ELEVEN,
    IS_THOROUGH,
    Topic,
    assert_each_offset_once,
    consume_once,
    download,
    end,
    files,
    finish,
    gaps,
    message,
    start,
    wait_for,
)

_NUMBERS = count()
# A consumer that does not answer for two seconds is out of the group.
HASTY = ("--property", "session.timeout.ms=2000", "--property", "heartbeat.interval.ms=500")


@pytest.fixture
def topic(broker: Any) -> Topic:
    return Topic(broker, f"t{next(_NUMBERS)}", partitions=2)


def consumer_of(topic: Topic, root: Folder | Bucket, group: str = "lastro", **settings: Any) -> Consumer:
    chosen = {
        "broker": topic.broker.address,
        "topic": topic.name,
        "group": f"{topic.name}-{group}",
    } | settings
    return Consumer(root, Settings(**chosen), Metrics(), lambda line: None)


def test_a_run_writes_all_and_a_second_run_writes_nothing(topic: Topic, tmp_path: Path) -> None:
    topic.send_some(1000)
    said = consume_once(topic, tmp_path)
    assert "1000 messages in 2 files." in said
    assert_each_offset_once(topic, tmp_path)
    before = [(path, path.stat().st_mtime_ns) for path in files(tmp_path)]
    assert "0 messages in 0 files." in consume_once(topic, tmp_path, "--group", "another")
    assert [(path, path.stat().st_mtime_ns) for path in files(tmp_path)] == before
    assert not list((tmp_path / ".partial").iterdir())
    # Whoever has other offsets committed still goes on behind the files.
    topic.send_some(10)
    assert "10 messages in 2 files." in consume_once(topic, tmp_path)
    assert_each_offset_once(topic, tmp_path)


def test_committed_offsets_are_not_read(topic: Topic, tmp_path: Path) -> None:
    """Offsets of the group that are ahead of the files or behind them lose nothing and double nothing."""
    topic.send_some(100)
    for committed in (40, 2):
        client = Client({"bootstrap.servers": topic.broker.address, "group.id": "lastro"})
        client.commit(
            offsets=[TopicPartition(topic.name, number, committed) for number in (0, 1)], asynchronous=False
        )
        client.close()
        consume_once(topic, tmp_path)
        assert_each_offset_once(topic, tmp_path)
        topic.send_some(20)


@pytest.mark.parametrize("seed", range(4 if IS_THOROUGH else 1))
def test_a_consumer_is_killed_again_and_again(topic: Topic, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    options = ("--flush-seconds", "0.2", "--flush-rows", "150")
    with topic.sending():
        for _ in range(15 if IS_THOROUGH else 3):
            known = len(files(tmp_path))
            process = start(topic, tmp_path, *options, *HASTY)
            wait_for(lambda known=known: len(files(tmp_path)) > known)
            time.sleep(chance.uniform(0, 0.7))
            process.kill()
            finish(process)
    consume_once(topic, tmp_path, *HASTY)
    assert_each_offset_once(topic, tmp_path)


def test_a_consumer_is_killed_at_every_step(topic: Topic, tmp_path: Path) -> None:
    """Death at the n-th operation on the folder, for each n, until a run has none left to die at."""
    before = tmp_path / "before"
    topic.send_some(30)
    consumer_of(topic, Folder(before)).run(threading.Event(), once=True)
    topic.send_some(30)
    stride = 1 if IS_THOROUGH else 5
    for at in count(1, stride):
        folder = tmp_path / str(at)
        shutil.copytree(before, folder)
        steps = Steps(at)
        with suppress(Killed):
            consumer_of(topic, SteppedFolder(folder, steps)).run(threading.Event(), once=True)
        consumer_of(topic, Folder(folder)).run(threading.Event(), once=True)
        assert_each_offset_once(topic, folder)
        if not steps.fired:
            break
    assert at > 10


@pytest.mark.parametrize("seed", range(3 if IS_THOROUGH else 1))
def test_the_broker_is_killed_again_and_again(topic: Topic, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    process = start(topic, tmp_path, "--flush-seconds", "0.3", "--flush-rows", "200")
    with topic.sending():
        for _ in range(6 if IS_THOROUGH else 1):
            known = len(files(tmp_path))
            wait_for(lambda known=known: len(files(tmp_path)) > known + 1)
            time.sleep(chance.uniform(0, 0.5))
            topic.broker.kill()
            topic.broker.start()
    wait_for(lambda: sum(rows_of(path) for path in files(tmp_path)) == len(topic.sent))
    end(process)
    assert_each_offset_once(topic, tmp_path)


def rows_of(path: Path) -> int:
    with duckdb.connect() as con:
        return con.execute("select num_rows from parquet_file_metadata(?)", [str(path)]).fetchone()[0]


@pytest.mark.parametrize("rounds", [8 if IS_THOROUGH else 1])
def test_two_consumers_share_the_partitions(topic: Topic, tmp_path: Path, rounds: int) -> None:
    options = ("--flush-seconds", "0.3", "--group", topic.name, *HASTY)
    with topic.sending():
        first = start(topic, tmp_path, *options)
        wait_for(lambda: shares(topic) == [2])
        for number in range(rounds):
            second = start(topic, tmp_path, *options)
            wait_for(lambda: shares(topic) == [1, 1])
            time.sleep(1)
            if number % 2:
                first, second = second, first
            end(second)
            wait_for(lambda: shares(topic) == [2])
    end(first)
    consume_once(topic, tmp_path)
    assert_each_offset_once(topic, tmp_path)


def test_two_runs_that_end_share_the_work(topic: Topic, tmp_path: Path) -> None:
    """Neither takes the moment between two assignments for the end."""
    topic.send_some(2000)
    for _ in range(10 if IS_THOROUGH else 1):
        topic.send_some(500)
        both = [start(topic, tmp_path, "--once", "--group", topic.name, *HASTY) for _ in range(2)]
        said = [finish(each) for each in both]
        assert [each.returncode for each in both] == [0, 0], said
        assert_each_offset_once(topic, tmp_path)


def test_nothing_is_done_between_two_assignments(topic: Topic, tmp_path: Path) -> None:
    topic.send_some(2)
    consumer = consumer_of(topic, Folder(tmp_path))
    client = consumer._client
    assert not consumer._is_done()
    consumer._assign(client, [TopicPartition(topic.name, number) for number in (0, 1)])
    assert not consumer._is_done()
    consumer._revoke(client, [TopicPartition(topic.name, number) for number in (0, 1)])
    assert not consumer._is_done()
    # A group of more members than partitions leaves nothing for one.
    consumer._assign(client, [])
    assert consumer._is_done()
    client.close()


def shares(topic: Topic) -> list[int]:
    """Return how many partitions each member of the group of the topic's name has."""
    [future] = topic.broker.admin().describe_consumer_groups([topic.name]).values()
    try:
        return [len(each.assignment.topic_partitions) for each in future.result(30).members]
    except KafkaException:
        # The group does not exist yet, or is being loaded.
        return []


@pytest.mark.parametrize("seed", range(5 if IS_THOROUGH else 1))
def test_a_zombie_and_its_successor(topic: Topic, tmp_path: Path, seed: int) -> None:
    """A consumer is suspended until its partitions are another's, and then goes on with what it held."""
    chance = random.Random(seed)
    topic.send_some(100)
    zombie = start(topic, tmp_path, "--flush-seconds", "3", *HASTY)
    wait_for(lambda: files(tmp_path))
    topic.send_some(100)
    time.sleep(chance.uniform(0.6, 1.2))
    zombie.send_signal(signal.SIGSTOP)
    topic.send_some(100)
    successor = start(topic, tmp_path, "--flush-seconds", "0.3", *HASTY)
    known = len(files(tmp_path))
    wait_for(lambda: len(files(tmp_path)) >= known + 2)
    zombie.send_signal(signal.SIGCONT)
    topic.send_some(100)
    wait_for(lambda: sum(rows_of(path) for path in files(tmp_path)) == len(topic.sent))
    time.sleep(1)
    end(zombie)
    end(successor)
    assert_each_offset_once(topic, tmp_path)


class Slow:
    """Makes a root wait before it writes a file for the first time."""

    def __init__(self, root: Folder | Bucket) -> None:
        self.root, self.create = root, root.create
        self.has_come, self.may_go_on = threading.Event(), threading.Event()
        root.create = self._create  # type: ignore[method-assign]

    def _create(self, name: str, data: bytes) -> str | None:
        self.has_come.set()
        assert self.may_go_on.wait(60)
        return self.create(name, data)


@pytest.mark.parametrize("place", ["folder", "bucket"])
def test_two_flushes_from_one_position_at_the_turn_of_an_hour(
    broker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, place: str
) -> None:
    """A slow flush that began before eleven, by broker and clock, meets that of its successor after eleven."""
    address = request.getfixturevalue("bucket") if place == "bucket" else str(tmp_path)
    topic = Topic(broker, f"turn-{place}")
    topic.send_some(2, at=BEFORE_ELEVEN)
    clock = datetime(2024, 3, 5, 10, 59, 59, tzinfo=UTC)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return clock

    monkeypatch.setattr(consumer_module, "datetime", Clock)
    slow = Slow(root_at(address))
    zombie = consumer_of(topic, slow.root, "a")
    thread = threading.Thread(target=zombie.run, args=(threading.Event(), True))
    thread.start()
    try:
        assert slow.has_come.wait(60)
        clock = datetime(2024, 3, 5, 11, 0, 1, tzinfo=UTC)
        topic.send_some(3, at=BEFORE_ELEVEN + 2000)
        consumer_of(topic, root_at(address), "b").run(threading.Event(), once=True)
    finally:
        slow.may_go_on.set()
        thread.join()
    raw = download(address, tmp_path) if place == "bucket" else tmp_path
    assert [path.parent.name for path in files(raw)] == ["hour=10"]
    assert zombie.metrics.taken._value.get() == 1
    assert_each_offset_once(topic, raw)


def test_an_end_is_read_from_the_tail_of_an_object(
    broker: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A longer end than expected is asked for a second time."""
    topic = Topic(broker, "tail")
    topic.send_some(5)
    root = root_at(bucket)
    consumer_of(topic, root).run(threading.Event(), once=True)
    [entry] = root.entries("mensageria/")
    for size in (16, 700, 10_000_000):
        monkeypatch.setattr(files_module, "_FOOTER", size)
        assert files_module.end_of(root, entry.name) == 4
    root.write(entry.name, b"no Parquet")
    with pytest.raises(ValueError, match="no whole file"):
        files_module.end_of(root, entry.name)


def test_a_start_from_an_older_boundary_walks_the_chain(broker: Any, tmp_path: Path) -> None:
    """Timestamps that jump between years hide the newest file; the names that are taken lead to it."""
    topic = Topic(broker, "years", message_timestamp_after_max_ms=str(2**62))
    days = (
        BEFORE_ELEVEN,
        1,
        BEFORE_ELEVEN - 400 * 86_400_000,
        4_000_000_000_000,
        BEFORE_ELEVEN - 500 * 86_400_000,
    )
    for at in (*days, *days[1::-1]):
        topic.send_some(5, at=at)
        consumer_of(topic, Folder(tmp_path)).run(threading.Event(), once=True)
        assert_each_offset_once(topic, tmp_path)
    assert len(files(tmp_path)) == 7
    assert {path.parts[-3] for path in files(tmp_path)} >= {"dt=1970-01-01", "dt=2096-10-02"}


def test_an_s3_that_answers_500_and_503(
    topic: Topic, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests fail before and after their work; what was written although its answer was lost is not doubled."""
    host, port = boto3.client("s3").meta.endpoint_url.removeprefix("http://").split(":")
    percent = 30
    network = BadNetwork((host, int(port)), percent, seed=7)
    try:
        for _ in range(12 if IS_THOROUGH else 2):
            topic.send_some(100)
            consume_once(
                topic, bucket, "--flush-rows", "20", AWS_ENDPOINT_URL=network.address, AWS_MAX_ATTEMPTS="20"
            )
    finally:
        network.shutdown()
    assert {"500", "503", "passed"} <= network.done.keys()
    assert_each_offset_once(topic, download(bucket, tmp_path))


def test_an_s3_that_never_answers_well_is_an_outage(topic: Topic, bucket: str, tmp_path: Path) -> None:
    topic.send_some(20)
    host, port = boto3.client("s3").meta.endpoint_url.removeprefix("http://").split(":")
    network = BadNetwork((host, int(port)), 100, seed=7)
    try:
        said = consume_once(topic, bucket, code=4, AWS_ENDPOINT_URL=network.address, AWS_MAX_ATTEMPTS="2")
    finally:
        network.shutdown()
    assert "Nothing is lost" in said and not files(download(bucket, tmp_path))
    consume_once(topic, bucket)
    assert_each_offset_once(topic, download(bucket, tmp_path))


def test_an_s3_that_fails_for_good_while_a_file_is_written(
    topic: Topic, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The consumer ends with an outage, nothing of the file is seen, and the next start writes it."""
    topic.send_some(20)
    host, port = boto3.client("s3").meta.endpoint_url.removeprefix("http://").split(":")
    network = BadNetwork((host, int(port)), 0, seed=7)
    try:
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", network.address)
            patch.setenv("AWS_MAX_ATTEMPTS", "2")
            slow = Slow(root_at(bucket))
            with ThreadPoolExecutor() as pool:
                run = pool.submit(consumer_of(topic, slow.root).run, threading.Event(), True)
                assert slow.has_come.wait(60)
                network.percent = 100
                slow.may_go_on.set()
                with pytest.raises(Outage, match="Nothing is lost"):
                    run.result(60)
    finally:
        network.shutdown()
    found = files(download(bucket, tmp_path))
    # The answer to a request that did its work may be lost as well.
    assert len(found) <= 1
    consume_once(topic, bucket, "--group", f"{topic.name}-lastro")
    assert_each_offset_once(topic, download(bucket, tmp_path))


def delete_before(topic: Topic, offsets: dict[int, int]) -> None:
    asked = [TopicPartition(topic.name, number, offset) for number, offset in offsets.items()]
    for future in topic.broker.admin().delete_records(asked).values():
        future.result(30)


def test_a_gap_is_recorded_and_told_once(topic: Topic, tmp_path: Path) -> None:
    topic.send_some(40)
    consume_once(topic, tmp_path)
    topic.send_some(40)
    delete_before(topic, {0: 30, 1: 25})
    said = consume_once(topic, tmp_path, code=3)
    for words in (
        f"{topic.name}, partition 0: offsets 20 to 29",
        "partition 1: offsets 20 to 24",
        "start this",
    ):
        assert words in said
    found = gaps(tmp_path)
    assert [(gap["particao"], gap["de_offset"], gap["ate_offset"]) for gap in found] == [
        (0, 20, 29),
        (1, 20, 24),
    ]
    assert {*found[0]} == {"topico", "particao", "de_offset", "ate_offset", "detectado_em"}
    assert all(path.read_bytes().count(b"\n") == 1 for path in tmp_path.glob("mensageria/lacunas/*/*.json"))
    consume_once(topic, tmp_path)
    assert_each_offset_once(topic, tmp_path)
    assert len(gaps(tmp_path)) == 2


def test_a_first_start_on_an_old_topic_is_no_gap(topic: Topic, tmp_path: Path) -> None:
    topic.send_some(40)
    delete_before(topic, {0: 10, 1: 7})
    consume_once(topic, tmp_path)
    topic.sent = {(part, at): value for (part, at), value in topic.sent.items() if at >= (10, 7)[part]}
    assert_each_offset_once(topic, tmp_path)


def test_messages_deleted_while_the_consumer_runs_are_a_gap(broker: Any, tmp_path: Path) -> None:
    topic = Topic(broker, "running")
    topic.send_some(10)
    slow = Slow(Folder(tmp_path))
    # It fetches nothing while it writes.
    properties = {
        "queued.max.messages.kbytes": "1",
        "fetch.message.max.bytes": "1000",
        "queued.min.messages": "1",
    }
    consumer = consumer_of(topic, slow.root, flush_rows=10, flush_seconds=0.1, properties=properties)
    failures: list[BaseException] = []

    def run() -> None:
        try:
            consumer.run(threading.Event())
        except GapFound as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert slow.has_come.wait(60)
    for _ in range(20):
        topic.send_some(20)
    delete_before(topic, {0: 400})
    slow.may_go_on.set()
    thread.join(60)
    assert not thread.is_alive() and len(failures) == 1
    consume_once(topic, tmp_path)
    assert_each_offset_once(topic, tmp_path)
    assert len(gaps(tmp_path)) == 1 and gaps(tmp_path)[0]["ate_offset"] == 399


def test_a_topic_that_was_made_anew_is_refused(
    broker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = Topic(broker, "anew")
    topic.send_some(10)
    consumer_of(topic, Folder(tmp_path)).run(threading.Event(), once=True)
    broker.admin().delete_topics(["anew"])["anew"].result(30)
    time.sleep(0.5)
    broker.create_topic("anew")
    monkeypatch.setattr(consumer_module, "_PATIENCE_SECONDS", 1)
    with pytest.raises(consumer_module.BrokerError, match="made anew"):
        consumer_of(topic, Folder(tmp_path)).run(threading.Event(), once=True)


def test_marks_of_transactions_leave_no_hole_in_the_chain(broker: Any, tmp_path: Path) -> None:
    topic = Topic(broker, "transactions")
    producer = Producer({"bootstrap.servers": broker.address, "transactional.id": "t", "log_level": 0})
    producer.init_transactions(30)
    partition = TopicPartition(topic.name, 0)
    reader = Client(
        {"bootstrap.servers": broker.address, "group.id": "t", "isolation.level": "read_committed"}
    )

    def readable() -> int:
        return reader.get_watermark_offsets(partition, timeout=5, cached=False)[1]

    for number in range(6):
        producer.begin_transaction()
        for part in range(3):
            value = message(10 * number + part)
            producer.produce(topic.name, value, on_delivery=topic._keep(value))
        producer.flush()
        if number % 3 == 1:
            producer.abort_transaction(30)
            for where in sorted(topic.sent)[-3:]:
                del topic.sent[where]
        else:
            producer.commit_transaction(30)
        # The broker answers before it has written the mark, the fourth offset of each transaction.
        wait_for(lambda end=4 * (number + 1): readable() == end)
        consumer = consumer_of(topic, Folder(tmp_path))
        consumer.run(threading.Event(), once=True)
        assert_each_offset_once(topic, tmp_path)
    reader.close()
    assert len(files(tmp_path)) == 4


def test_messages_that_do_not_parse(broker: Any, tmp_path: Path) -> None:
    topic = Topic(broker, "broken")
    texts = dict.fromkeys(("message_id", "customer_name", "channel", "payload", "event_datetime"), "x")
    cases: list[tuple[bytes | None, str | None, dict[str, str | None]]] = [
        (None, "row:tombstone", {}),
        (b"", "row:not_json", {}),
        (b"{", "row:not_json", {}),
        (b'{"customer_id": NaN}', "row:not_json", {}),
        (b'{"customer_id": "\xe1"}', "row:not_json", {}),
        (b'{"customer_id": "\\ud800"}', "row:not_json", {}),
        (b'{"customer_id": "a\0b"}', "row:not_json", {}),
        (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "row:not_json", {}),
        (b"7", "row:not_an_object", {}),
        (b'["a"]', "row:not_an_object", {}),
        (b"null", "row:not_an_object", {}),
        (b'{"customer_id": "1", "customer_id": "2"}', "row:repeated_key", {}),
        (b'{"customer_id": "1", "customer\\u005fid": "1"}', "row:repeated_key", {}),
        (b'{"x": 1, "x": 1}', "row:repeated_key", {}),
        (
            json.dumps({"customer_id": "1"} | texts).encode()[:-1] + b', "payload": "x"}',
            "row:repeated_key",
            {},
        ),
        (
            json.dumps({"customer_id": "1"} | texts).encode()[:-1] + b', "payload": null}',
            "row:repeated_key",
            {},
        ),
        # The texts of one quotation mark hide another key from who only counts marks.
        (
            b'{"customer_id":"\\u0022\\u0022\\u0022\\u0022","message_id":"","customer_name":"","channel":"","payload":"",'
            b'"event_datetime":"","payload":null}',
            "row:repeated_key",
            {},
        ),
        (b'{"customer_id": "a\\u0000"}', "row:nul_character", {}),
        (b'{"x": {"y\\u0000": 1}}', "row:nul_character", {}),
        (b'{"customer_id": "a\\\\u0000"}', None, {"customer_id": "a\\u0000"}),
        (b"{}", None, {}),
        (
            b'\n{ "customer_id" : 1.50 , "payload":1e5,"channel":-0}\t',
            None,
            {"customer_id": "1.50", "payload": "1e5", "channel": "-0"},
        ),
        (
            b'{"payload": 123456789012345678901234567890.10}',
            None,
            {"payload": "123456789012345678901234567890.10"},
        ),
        (b'{"customer_id": true, "payload": null}', None, {"customer_id": "true"}),
        (b'{"payload": {"a": [1, "\\u00e7"]}}', None, {"payload": '{"a": [1, "\\u00e7"]}'}),
        (
            b'{"payload": "\\ud83d\\ude00\\"", "n": 1.0, "m": {"k": null}}',
            None,
            {"payload": '\U0001f600"', "_extra": '{"n": 1.0, "m": {"k": null}}'},
        ),
    ]
    for value, _, _ in cases:
        topic.send([value])
    consumer_of(topic, Folder(tmp_path)).run(threading.Event(), once=True)
    with duckdb.connect() as con:
        result = con.execute(
            f"select * from '{tmp_path}/mensageria/notifications/*/*/*.parquet' order by _offset"
        )
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row, strict=True)) for row in result.fetchall()]
    assert len(rows) == len(cases)
    for (value, problem, expected), row in zip(cases, rows, strict=True):
        assert row["_problem"] == problem, value
        texts = {
            name: row[name] for name in ("customer_id", "message_id", "customer_name", "channel", "payload")
        }
        texts |= {"event_datetime": row["event_datetime"], "_extra": row["_extra"]}
        assert {name: text for name, text in texts.items() if text is not None} == expected, value
        assert (row["_raw"] is None) == (problem is None)
    broken = {where: value for where, value in topic.sent.items() if rows[where[1]]["_problem"]}
    for (_, offset), value in broken.items():
        assert base64.b64decode(rows[offset]["_raw"]) == (value or b"")


def test_metrics_and_an_end_in_order(topic: Topic, tmp_path: Path) -> None:
    """SIGTERM writes what is held and tells the group; Prometheus sees the lag before and the files after."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    topic.send_some(50)
    process = start(topic, tmp_path, "--metrics-port", str(port), "--flush-seconds", "600")

    def told() -> dict[str, float]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return {}
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}

    wait_for(lambda: told().get('lastro_consume_lag{partition="0"}') == 25)
    # It is read within a moment, but held for ten minutes.
    time.sleep(1)
    assert not files(tmp_path)
    assert 'lastro_consume_ingest_delay_seconds_bucket{le="+Inf"}' in told()
    said = end(process)
    assert "50 messages in 2 files." in said
    assert_each_offset_once(topic, tmp_path)
    # The group was left and knows what is durable.
    committed = topic.broker.admin().list_consumer_group_offsets
    [future] = committed([ConsumerGroupTopicPartitions("lastro")]).values()
    offsets = {(each.topic, each.partition): each.offset for each in future.result(30).topic_partitions}
    assert offsets[topic.name, 0] == offsets[topic.name, 1] == 25


def test_errors_of_the_broker_are_one_line(
    topic: Topic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: str) -> str:
        said = consume_once(topic, tmp_path, *args, code=1)
        assert said.count("\n") == 1, said
        return said

    assert "has no topic 'none'" in refused("--topic", "none")
    assert "refuses the credentials" in refused(
        *("--property", "security.protocol=sasl_plaintext", "--property", "sasl.mechanism=PLAIN"),
        *("--property", "sasl.username=x", "--property", "sasl.password=x"),
    )
    assert "Lastro sets this itself" in refused("--property", "enable.auto.commit=true")
    assert "--property" in refused("--property", "no.such.thing=1")
    monkeypatch.setattr(consumer_module, "_ANSWER_SECONDS", 1)
    assert "cannot be reached" in refused("--broker", "127.0.0.1:1")
