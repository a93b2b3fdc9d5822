"""Faults for the gate: a kill or a pause at the n-th step, an S3 in memory, an S3 behind a bad network."""

from __future__ import annotations

import hashlib
import http.client
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError
from lastro.receive.roots import Folder, Root


class Killed(BaseException):
    """The process is gone. Nothing in the gate may catch it and go on."""


class Steps:
    """Counts the steps of a gate, and does something at one of them.

    Attributes:
        count: The steps so far.
        fired: Whether it was done.
    """

    def __init__(self, at: int = 0, act: Callable[[], None] | None = None, when: str = "before") -> None:
        """Do it `before` the step, `after` it, or `lost`: after it, and lose its answer. Without act: die."""
        self.at, self.act, self.when = at, act, when
        self.count, self.fired, self.is_dead, self.locks = 0, False, False, 0

    def before(self) -> bool:
        """Begin a step, and return whether it is the one."""
        if self.is_dead:
            raise Killed
        self.count += 1
        # Whoever is suspended within a lock holds up all others, so there is no one to meet.
        is_it = self.at and self.count >= self.at and not self.fired and not (self.act and self.locks)
        if is_it and self.when == "before":
            self._fire()
        return bool(is_it)

    def after(self, is_it: bool) -> None:
        """End a step."""
        if is_it and self.when != "before":
            self._fire()

    def _fire(self) -> None:
        self.fired = True
        if self.when == "lost":
            raise ConnectionClosedError(endpoint_url="http://faults")
        if self.act:
            self.act()
        else:
            self.is_dead = True
            raise Killed


class SteppedFolder(Folder):
    """A folder whose operations, and the operations within them, are steps."""

    def __init__(self, address: str | Path, steps: Steps) -> None:
        super().__init__(address)
        self.steps = steps

    @contextmanager
    def locked(self) -> Iterator[None]:
        self.steps.before()
        with super().locked():
            self.steps.locks += 1
            try:
                yield
            finally:
                self.steps.locks -= 1


def _stepped(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def step(self: SteppedFolder, *args: Any, **options: Any) -> Any:
        is_it = self.steps.before()
        result = method(self, *args, **options)
        self.steps.after(is_it)
        return result

    return step


for _name in (
    *("entries", "folders", "entry", "read", "read_version", "local", "put", "put_over", "write", "create"),
    *("replace", "delete", "move_to", "sweep", "_target", "_rename", "_rename_over", "_partial"),
):
    setattr(SteppedFolder, _name, _stepped(getattr(Folder, _name)))


class OwnDisk(SteppedFolder):
    """A folder on a disk of its own, from which nothing can be renamed elsewhere."""

    def move_to(self, name: str, other: Root, *rest: Any) -> bool:
        return super().move_to(name, other, *rest) if other is self else False


class MemoryS3:
    """As much of boto3's S3 client as the gate uses; each request is a step."""

    def __init__(self, steps: Steps | None = None, objects: dict | None = None) -> None:
        self.steps = steps or Steps()
        self.objects: dict[tuple[str, str], tuple[bytes, dict, datetime]] = {} if objects is None else objects
        self.lock = threading.RLock()

    def _asked(self, act: Callable[[], Any]) -> Any:
        is_it = self.steps.before()
        with self.lock:
            result = act()
        self.steps.after(is_it)
        return result

    def _found(self, bucket: str, key: str, what: str, if_match: str | None = None) -> dict[str, Any]:
        if (bucket, key) not in self.objects:
            raise _error(404, "404" if what == "HeadObject" else "NoSuchKey", what)
        data, metadata, at = self.objects[bucket, key]
        tag = f'"{hashlib.md5(data).hexdigest()}"'
        if if_match and if_match != tag:
            raise _error(412, "PreconditionFailed", what)
        # HTTP tells times in whole seconds.
        facts = {"ETag": tag, "ContentLength": len(data), "LastModified": at.replace(microsecond=0)}
        return facts | {"Metadata": metadata, "Body": BytesIO(data)}

    def head_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return self._asked(lambda: self._found(Bucket, Key, "HeadObject"))

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return self._asked(lambda: self._found(Bucket, Key, "GetObject"))

    def put_object(self, Bucket: str, Key: str, Body: Any, **said: Any) -> dict[str, Any]:
        data = Body if isinstance(Body, bytes) else Body.read()

        def put() -> dict[str, Any]:
            if "IfMatch" in said:
                self._found(Bucket, Key, "PutObject", said["IfMatch"])
            if "IfNoneMatch" in said and (Bucket, Key) in self.objects:
                raise _error(412, "PreconditionFailed", "PutObject")
            self.objects[Bucket, Key] = (data, said.get("Metadata", {}), datetime.now(UTC))
            return self._found(Bucket, Key, "PutObject")

        return self._asked(put)

    def delete_object(self, Bucket: str, Key: str, IfMatch: str | None = None) -> None:
        def delete() -> None:
            if IfMatch:
                self._found(Bucket, Key, "DeleteObject", IfMatch)
            self.objects.pop((Bucket, Key), None)

        self._asked(delete)

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.put_object(bucket, key, Path(path).read_bytes())

    def download_file(self, bucket: str, key: str, path: str) -> None:
        # boto3 asks for the size first.
        Path(path).write_bytes(self._asked(lambda: self._found(bucket, key, "HeadObject"))["Body"].read())

    def copy(self, source: dict[str, str], bucket: str, key: str, ExtraArgs: dict[str, str]) -> None:
        def copy() -> None:
            self._found(source["Bucket"], source["Key"], "HeadObject", ExtraArgs["CopySourceIfMatch"])
            data, metadata, _ = self.objects[source["Bucket"], source["Key"]]
            self.objects[bucket, key] = (data, metadata, datetime.now(UTC))

        self._asked(copy)

    def get_paginator(self, _: str) -> MemoryS3:
        return self

    def paginate(self, Bucket: str, Prefix: str, Delimiter: str = "") -> list[dict[str, Any]]:
        def page() -> list[dict[str, Any]]:
            keys = sorted(key for bucket, key in self.objects if bucket == Bucket and key.startswith(Prefix))
            rest = {key: key.removeprefix(Prefix) for key in keys}
            if not Delimiter:
                found = {key: self._found(Bucket, key, "ListObjectsV2") for key in keys}
                return [
                    {"Contents": [facts | {"Key": key, "Size": facts["ContentLength"]}]}
                    for key, facts in found.items()
                ]
            folders = sorted({text.split("/")[0] for text in rest.values() if "/" in text})
            return [{"CommonPrefixes": [{"Prefix": f"{Prefix}{folder}/"} for folder in folders]}]

        return self._asked(page)


def _error(status: int, code: str, what: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, what)


class BadNetwork(ThreadingHTTPServer):
    """A proxy before an S3 server that answers 500 and 503, and cuts connections before and after the work."""

    daemon_threads = True

    def __init__(self, server: tuple[str, int], percent: float, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.server, self.percent = server, percent
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.done: dict[str, int] = {}
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def fate(self) -> str:
        """Return what becomes of the next request."""
        with self.lock:
            is_bad = self.random.uniform(0, 100) < self.percent
            fate = self.random.choice(["500", "503", "cut before", "cut after"]) if is_bad else "passed"
            self.done[fate] = self.done.get(fate, 0) + 1
        return fate

    def handle_error(self, *_: object) -> None:
        """Say nothing: killed gates cut their connections too."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: BadNetwork

    def _handle(self) -> None:
        assert "chunked" not in self.headers.get("Transfer-Encoding", "")
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        if len(body) < size:
            # The gate was killed while it sent: S3 does not take half an object.
            self.close_connection = True
            return
        fate = self.server.fate()
        if fate in ("500", "503"):
            code = "InternalError" if fate == "500" else "SlowDown"
            self._answer(int(fate), [], f"<Error><Code>{code}</Code></Error>".encode())
            return
        if fate != "cut before":
            upstream = http.client.HTTPConnection(*self.server.server, timeout=20)
            headers = {name: text for name, text in self.headers.items() if name.lower() != "expect"}
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            data = answer.read()
            upstream.close()
        if fate != "passed":
            self.close_connection = True
            return
        self._answer(answer.status, answer.getheaders(), data)

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes) -> None:
        self.send_response_only(status)
        length = next((text for name, text in headers if name.lower() == "content-length"), str(len(data)))
        for name, text in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, text)
        self.send_header("Content-Length", length if self.command == "HEAD" else str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _handle

    def log_message(self, *_: object) -> None:
        """Say nothing."""
