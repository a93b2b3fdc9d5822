"""What stands around the consumer: its options, its test messages, the demo."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import PROJECT
from lastro.cli import app
from lastro.cli.consume import _properties
from lastro.consume.broker import _check
from lastro.sample.notifications import messages
from topics import Topic, assert_each_offset_once, consume_once
from typer.testing import CliRunner

START = datetime(2020, 2, 3, 14, 0, 0, 1000, UTC)


def test_the_same_seed_gives_the_same_messages() -> None:
    sent = list(messages(20_000, start=START, broken=0.01, copies=0.01, rate=1000))
    assert sent == list(messages(20_000, start=START, broken=0.01, copies=0.01, rate=1000))
    assert sent != list(messages(20_000, start=START, broken=0.01, copies=0.01, rate=1000, seed=8))
    counts = Counter(sent)
    copies = sum(count - 1 for each, count in counts.items() if each.value and b"event" in each.value)
    assert 100 < copies < 300
    rows = [json.loads(each.value) for each in counts if each.value and b"event_datetime" in each.value]
    assert 100 < 20_000 - copies - len(rows) < 300
    assert rows[0]["event_datetime"] == "2020-02-03T14:00:00.001+00:00"
    assert max(row["event_datetime"] for row in rows) >= "2020-02-03T14:00:19.9"
    assert {row["channel"] for row in rows} == {"Whatsapp"}
    assert all(len(row["message_id"]) == 10 and int(row["message_id"], 16) >= 0 for row in rows)
    assert all(key.key.decode().isdigit() for key in sent)
    names: dict[str, set[str]] = {}
    for row in rows:
        names.setdefault(row["customer_id"], set()).add(row["customer_name"])
    assert len(names) == 50 and names["1001"] == names["1002"]
    assert [customer for customer, found in names.items() if len(found) > 1] == ["1003"]
    assert any("ã" in row["payload"] for row in rows) and any('"' in row["payload"] for row in rows)


def test_messages_without_an_end() -> None:
    assert len(list(islice(messages(None, start=START), 100))) == 100


def test_sent_messages_are_consumed(broker: Any, tmp_path: Path) -> None:
    topic = Topic(broker, "sample")
    command = [
        "sample",
        "notifications",
        "--broker",
        broker.address,
        "--topic",
        topic.name,
        "--messages",
        "400",
    ]
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    done = CliRunner().invoke(app, [*command, "--rate", "400", "--start", "2020-02-03", "--broken", "0.05"])
    for number, handler in handlers.items():
        signal.signal(number, handler)
    assert done.exit_code == 0 and "400 messages to sample" in done.output, done.output
    sent = list(messages(400, rate=400, broken=0.05, start=datetime(2020, 2, 3, tzinfo=UTC)))
    topic.sent = {(0, offset): each.value for offset, each in enumerate(sent)}
    consume_once(topic, tmp_path)
    assert_each_offset_once(topic, tmp_path)
    refused = CliRunner().invoke(app, [*command[:4], "--topic", "none", "--messages", "1"])
    assert refused.exit_code == 1 and "has no topic 'none'" in refused.output


def test_properties_of_file_environment_and_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later wins, and no message shows what may be a password."""
    path = tmp_path / "kafka.properties"
    path.write_text("# TLS\nsecurity.protocol=SASL_SSL\n\nsasl.username = ana\nsasl.password=a=b\n")
    monkeypatch.setenv("LASTRO_KAFKA_SASL_PASSWORD", "from=env")
    monkeypatch.setenv("LASTRO_KAFKA_CLIENT_ID", "x")
    assert _properties(path, ["client.id=y"]) == {
        "security.protocol": "SASL_SSL",
        "sasl.username": "ana",
        "sasl.password": "from=env",
        "client.id": "y",
    }
    path.write_text("sasl.password secret\n")
    with pytest.raises(ValueError, match="number 1: not of the form") as refused:
        _properties(path, [])
    assert "secret" not in str(refused.value)


def test_jars_that_are_not_the_pinned_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "kafka_2.13-4.3.1.jar").write_bytes(b"something else")
    with pytest.raises(RuntimeError, match=r"kafka_2\.13-4\.3\.1\.jar"):
        _check(tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_ended_leaves_no_process(tmp_path: Path, number: int) -> None:
    folder = tmp_path / "demo"
    process = subprocess.Popen(
        [sys.executable, "-m", "lastro.consume.demo", "--folder", str(folder), "--messages", "100000000"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert "answers" in process.stdout.readline() and "sample" in process.stdout.readline()
    process.send_signal(number)
    assert process.wait(60) == 128 + number
    left = [each.info["cmdline"] for each in psutil.process_iter(["cmdline"]) if each.info["cmdline"]]
    assert not [words for words in left if str(folder) in " ".join(words)]
    assert not (folder / "broker").exists()
