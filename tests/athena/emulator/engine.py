"""The Trino server behind the endpoint: downloaded once, started on 127.0.0.1, stopped whatever happens."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import urllib.request
import zipfile
from pathlib import Path

VERSION = "476"

# The last server published on Maven Central, with the two connectors that Athena's catalog needs.
_ARTIFACTS = {
    f"trino-server-core-{VERSION}.tar.gz": "0f388f9967c177ae70a47c099082fc95387f0c3cb96d8000d1d41fc3a5223158",
    f"trino-hive-{VERSION}.zip": "611bacdb07d9f3cf7b9d47f97ecc76fa2e7ff8bfe8a9728c3d06adc1bfb8662e",
    f"trino-iceberg-{VERSION}.zip": "99edba5b491ed94d599aeb61e0794272d3569d8b563f3bb8569e8a49daa87b6c",
}
_MINIMUM_JAVA = 24


def cache_folder() -> Path:
    """Return the download folder outside the tree: $XDG_CACHE_HOME/lastro or ~/.cache/lastro."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "lastro" / f"trino-{VERSION}"


def find_java() -> Path:
    """Return the Java in LASTRO_JAVA_HOME, or else the newest of JAVA_HOME and /usr/lib/jvm.

    Raises:
        RuntimeError: There is none, or it is older than version 24.
    """
    named = os.environ.get("LASTRO_JAVA_HOME")
    homes = (
        [Path(named)] if named else [*Path("/usr/lib/jvm").glob("*"), Path(os.environ.get("JAVA_HOME", "/"))]
    )
    newest, home = max(((_java_version(home), home) for home in homes), default=(0, Path("/")))
    if newest < _MINIMUM_JAVA:
        raise RuntimeError(
            f"Trino {VERSION} needs Java {_MINIMUM_JAVA} or later; {named or 'this machine'} has {newest or 'none'}. "
            "Install one (Temurin 25, say) and name its home in LASTRO_JAVA_HOME."
        )
    return home / "bin" / "java"


def _java_version(home: Path) -> int:
    """Return the major version of a Java; 0 if there is none."""
    release = home / "release"
    if not release.exists() or not (home / "bin" / "java").exists():
        return 0
    match = re.search(r'^JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8"), re.M)
    return int(match[1]) if match else 0


def fetch() -> Path:
    """Return the unpacked server; the first time, download it with Maven and check the pinned checksums.

    Raises:
        RuntimeError: Maven is missing or cannot reach its registry, or a checksum differs.
    """
    cache = cache_folder()
    server = cache / "server"
    if server.exists():
        return server
    cache.mkdir(parents=True, exist_ok=True)
    unpacked = cache / f"unpacked-{os.getpid()}"
    shutil.rmtree(unpacked, ignore_errors=True)
    for name, checksum in _ARTIFACTS.items():
        archive = _download(cache, name, checksum)
        if archive.suffix == ".gz":
            with tarfile.open(archive) as tar:
                tar.extractall(unpacked, filter="data")
        else:
            with zipfile.ZipFile(archive) as file:
                file.extractall(unpacked / "plugin")
    core = unpacked / f"trino-server-core-{VERSION}"
    for plugin in ("hive", "iceberg"):
        shutil.move(unpacked / "plugin" / f"trino-{plugin}-{VERSION}", core / "plugin" / plugin)
    core.rename(server)
    shutil.rmtree(unpacked)
    for name in _ARTIFACTS:
        (cache / name).unlink()
    return server


def _download(cache: Path, name: str, checksum: str) -> Path:
    artifact, _, kind = name.partition(f"-{VERSION}.")
    if shutil.which("mvn") is None:
        raise RuntimeError("Maven (mvn) downloads Trino, but is not on the PATH. Install it.")
    command = [
        "mvn",
        "--quiet",
        "--batch-mode",
        "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
    ]
    command += [f"-Dartifact=io.trino:{artifact}:{VERSION}:{kind}", f"-DoutputDirectory={cache}"]
    if subprocess.run(command, check=False).returncode:
        raise RuntimeError(f"Maven could not download {name}; see its message above.")
    with (cache / name).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != checksum:
        raise RuntimeError(f"{cache / name} has SHA-256 {found}, not {checksum}, and was not unpacked.")
    return cache / name


_AWS = """
hive.metastore.glue.region=us-east-1
hive.metastore.glue.endpoint-url={endpoint}
hive.metastore.glue.aws-access-key=testing
hive.metastore.glue.aws-secret-key=testing
hive.metastore.glue.default-warehouse-dir=s3://{bucket}/warehouse/
hive.metastore.glue.partitions-segments=1
fs.native-s3.enabled=true
s3.endpoint={endpoint}
s3.region=us-east-1
s3.path-style-access=true
s3.aws-access-key=testing
s3.aws-secret-key=testing
"""

# dbt edits Glue behind Trino's back, so Trino must not cache it. Small files are not read whole, so the bytes that
# a statement scans show which columns it needs, as Athena's bill does.
_HIVE = """connector.name=hive
hive.metastore=glue
hive.metastore-cache-ttl=0s
hive.metastore-stats-cache-ttl=0s
hive.table-statistics-enabled=false
hive.collect-column-statistics-on-write=false
hive.non-managed-table-writes-enabled=true
hive.timestamp-precision=MILLISECONDS
hive.max-partitions-per-writers=100
hive.iceberg-catalog-name=awsdatacatalog_iceberg
parquet.small-file-threshold=0B
parquet.max-merge-distance=0B
"""

_ICEBERG = """connector.name=iceberg
iceberg.catalog.type=glue
iceberg.hive-catalog-name=awsdatacatalog
iceberg.max-partitions-per-writer=100
iceberg.unique-table-location=false
parquet.small-file-threshold=0B
parquet.max-merge-distance=0B
"""

_JVM = [
    "-Xmx3G",
    # Thousands of short statements: what is compiled soon beats what is compiled well.
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-OmitStackTraceInFastThrow",
    "-Dfile.encoding=UTF-8",
    "-Duser.timezone=UTC",
    "-Djdk.attach.allowAttachSelf=true",
    "--add-modules=jdk.incubator.vector",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
]


def _end_with_the_parent() -> None:
    """On Linux, kill the server if the test run itself is killed (prctl, PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Engine:
    """One Trino server on 127.0.0.1."""

    def __init__(self, folder: Path, port: int, endpoint: str, bucket: str) -> None:
        self.folder = folder
        self.port = port
        self._aws = _AWS.format(endpoint=endpoint, bucket=bucket)
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start the server and wait until it answers queries.

        Raises:
            RuntimeError: It ended, or did not answer within three minutes. The message has the end of its log.
        """
        server = fetch()
        etc = self.folder / "etc"
        catalogs = etc / "catalog"
        catalogs.mkdir(parents=True)
        (catalogs / "awsdatacatalog.properties").write_text(_HIVE + self._aws, encoding="utf-8")
        (catalogs / "awsdatacatalog_iceberg.properties").write_text(_ICEBERG + self._aws, encoding="utf-8")
        (etc / "config.properties").write_text(
            "coordinator=true\n"
            "node-scheduler.include-coordinator=true\n"
            f"http-server.http.port={self.port}\n"
            f"discovery.uri=http://127.0.0.1:{self.port}\n"
            "node.environment=lastro\n"
            "node.id=lastro\n"
            "node.bind-ip=127.0.0.1\n"
            "node.internal-address=127.0.0.1\n"
            f"plugin.dir={server / 'plugin'}\n"
            f"catalog.config-dir={catalogs}\n"
            "task.min-writer-count=1\n"
            "task.max-writer-count=1\n"
            "query.min-expire-age=60m\n"
            "query.max-history=100000\n",
            encoding="utf-8",
        )
        (etc / "log.properties").write_text("io.trino=WARN\n", encoding="utf-8")
        command = [str(find_java()), *_JVM, f"-Dconfig={etc / 'config.properties'}"]
        command += [f"-Dlog.levels-file={etc / 'log.properties'}"]
        command += ["-cp", f"{server / 'lib'}/*", "io.trino.server.TrinoServer"]
        with (self.folder / "trino.log").open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                preexec_fn=_end_with_the_parent,
            )
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v1/info", timeout=5) as answer:
                    if not json.load(answer)["starting"]:
                        return
            except OSError:
                pass
            time.sleep(0.5)
        self.stop()
        log = (self.folder / "trino.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"Trino did not start:\n{log[-3000:]}")

    def stop(self) -> None:
        """Stop the server, and leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
