"""A real broker for demo, tests and benchmark: downloaded once, on 127.0.0.1, gone with its starter."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

VERSION = "4.3.1"
_ARTIFACT = ("org.apache.kafka", "kafka_2.13")
_START_SECONDS = 90
_CHECKSUMS = Path(__file__).with_name("broker.sha256")

_POM = """<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>lastro</groupId><artifactId>broker</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version>
  </dependency></dependencies>
</project>
"""

_CONFIG = """process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
num.network.threads=1
num.io.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.enable=false
{more}"""


def cache_folder() -> Path:
    """Return the download folder outside the tree: $XDG_CACHE_HOME/lastro or ~/.cache/lastro."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "lastro" / f"kafka-{VERSION}"


def fetch() -> Path:
    """Return the folder of the broker's jars; at first, download them with Maven, check the checksums.

    Raises:
        RuntimeError: Maven is missing or cannot reach its registry, or a checksum differs.
    """
    libs = cache_folder() / "libs"
    if libs.exists():
        return libs
    if shutil.which("mvn") is None:
        raise RuntimeError("Maven (mvn) downloads Kafka, but is not on the PATH. Install it.")
    # Several test runs may do this at once; the first to finish gives the folder its name.
    partial = cache_folder() / f"partial-{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        pom = partial / "pom.xml"
        pom.write_text(
            _POM.format(group=_ARTIFACT[0], artifact=_ARTIFACT[1], version=VERSION), encoding="utf-8"
        )
        command = ["mvn", "--quiet", "--batch-mode", "--file", str(pom)]
        command += ["org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"]
        command += ["-DincludeScope=runtime", f"-DoutputDirectory={partial / 'libs'}"]
        if subprocess.run(command, check=False).returncode:
            raise RuntimeError("Maven could not download Kafka; see its message above.")
        _check(partial / "libs")
        if not libs.exists():
            (partial / "libs").rename(libs)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return libs


def _check(libs: Path) -> None:
    lines = _CHECKSUMS.read_text(encoding="utf-8").split()
    pinned = dict(zip(lines[1::2], lines[::2], strict=True))
    found = {}
    for path in libs.iterdir():
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    wrong = sorted(name for name in pinned.keys() | found.keys() if pinned.get(name) != found.get(name))
    if wrong:
        raise RuntimeError(f"Not the jars that {_CHECKSUMS.name} pins, so none is used: {', '.join(wrong)}.")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _end_with_the_parent() -> None:
    """On Linux, kill the broker if whoever started it is killed (prctl, PR_SET_PDEATHSIG)."""
    # Ctrl-C is for the parent, which stops the broker in its own time.
    os.setpgrp()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Broker:
    """One Kafka broker on 127.0.0.1, with its log in a folder.

    Attributes:
        address: HOST:PORT.
        process: The Java process, or None before the start.
    """

    def __init__(self, folder: Path, more: str = "") -> None:
        """Choose its ports, which it keeps when it is started again; `more` is added to its properties."""
        self.folder = folder
        self.port = _free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None
        self._more = more
        self._admin: AdminClient | None = None

    def __enter__(self) -> Broker:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def start(self) -> None:
        """Start the broker, also again on the same log, and wait until it answers.

        Raises:
            RuntimeError: It ended, or did not answer in time. The message has the end of its log.
        """
        config = self.folder / "server.properties"
        if not config.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            config.write_text(
                _CONFIG.format(
                    port=self.port, controller=_free_port(), data=self.folder / "data", more=self._more
                ),
                encoding="utf-8",
            )
            formatting = ["format", "--standalone", "-t", "bGFzdHJvbGFzdHJvbGFzdA", "-c", str(config)]
            done = subprocess.run(
                self._java("kafka.tools.StorageTool", *formatting),
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"Kafka could not format its log:\n{done.stdout}{done.stderr}")
        with (self.folder / "broker.log").open("ab") as log:
            self.process = subprocess.Popen(
                self._java("kafka.Kafka", str(config)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=_end_with_the_parent,
            )
        admin = self.admin()
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if admin.list_topics(timeout=1).brokers:
                    return
            except KafkaException:
                time.sleep(0.1)
        self.kill()
        log_text = (self.folder / "broker.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"Kafka did not start:\n{log_text[-3000:]}")

    def stop(self) -> None:
        """End the broker in order, and leave no process behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill the broker."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def admin(self) -> AdminClient:
        """Return the client that creates topics and deletes records; its answers come while it lives."""
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})
        return self._admin

    def create_topic(self, name: str, partitions: int = 1, **config: str) -> None:
        """Create a topic, and wait until it is there."""
        config = {key.replace("_", "."): value for key, value in config.items()}
        topic = NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
        admin = self.admin()
        admin.create_topics([topic])[name].result(30)
        while any(
            each.leader < 0 for each in admin.list_topics(name, timeout=10).topics[name].partitions.values()
        ):
            time.sleep(0.05)

    def _java(self, *arguments: str) -> list[str]:
        java = shutil.which("java")
        home = os.environ.get("LASTRO_JAVA_HOME") or os.environ.get("JAVA_HOME")
        if home and (Path(home) / "bin" / "java").exists():
            java = str(Path(home) / "bin" / "java")
        if java is None:
            raise RuntimeError("Kafka needs Java 17 or later. Install one, or name its home in JAVA_HOME.")
        options = ["-Xmx384m", "-Xms128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        return [java, *options, "-cp", f"{fetch()}/*", *arguments]
