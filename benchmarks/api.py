"""Measure the front door: rows a second through the API, and its memory while a large file is streamed.

The server has one core, its clients the other. Rows come a thousand a call, and each call is synced to disk
before its answer. It asserts that every row and byte arrived, and no times. Prints rows a second and
the resident memory.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
from lastro.serve.clients import Clients
from measure import PROJECT
from rich.console import Console
from rich.table import Table

ROWS_A_CALL = 1000
CLIENTS = 4
FOLDERS = ("inbox", "received", "quarantine", "raw", "drafts", "clients", "published")


class Server:
    """`lastro serve` in a folder, on one core."""

    def __init__(self, folder: Path) -> None:
        """Start it, and wait until it answers."""
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [str(Path(sys.executable).with_name("lastro")), "serve", "--port", str(port)]
            + ["--calls-a-second", "1000000"],
            cwd=PROJECT,
            env=os.environ | {f"LASTRO_{name.upper()}": str(folder / name) for name in FOLDERS},
        )
        cores = os.sched_getaffinity(0)
        psutil.Process(self.process.pid).cpu_affinity([min(cores)])
        psutil.Process().cpu_affinity([max(cores)])
        for _ in range(600):
            try:
                httpx.get(f"{self.url}/saude")
                return
            except httpx.TransportError:
                time.sleep(0.1)
        raise SystemExit("the server does not answer")

    def megabytes(self) -> float:
        """Return its resident memory."""
        return psutil.Process(self.process.pid).memory_info().rss / 1e6

    def stop(self) -> None:
        """End it."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def send_rows(server: Server, key: str, calls: int) -> None:
    """Send rows to a batch of its own, call after call."""
    rows = [
        {
            "id_divida": f"D{number}",
            "nome_devedor": "Ana de Souza Lima",
            "documento_devedor": "529.982.247-25",
            "email_devedor": "ana.lima@exemplo.com.br",
            "valor_divida": 1234.5,
            "data_vencimento": "2026-01-31",
        }
        for number in range(ROWS_A_CALL)
    ]
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as api:
        opened = api.post("/v1/lotes", headers={"Idempotency-Key": "benchmark"}).raise_for_status().json()
        path = f"/v1/lotes/{opened['id_lote']}"
        for call in range(calls):
            headers = {"Idempotency-Key": f"benchmark-{call}"}
            api.post(f"{path}/dividas", headers=headers, json={"dividas": rows}).raise_for_status()
        found = api.get(path).raise_for_status().json()["linhas"]
        if found != calls * ROWS_A_CALL:
            raise SystemExit(f"{found} rows arrived, {calls * ROWS_A_CALL} were sent")


def stream(server: Server, key: str, size: int) -> tuple[float, float]:
    """Send a file of so many bytes, and return the seconds and the server's peak memory in megabytes."""
    peak, is_over = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not is_over.is_set():
            peak = max(peak, server.megabytes())
            time.sleep(0.05)

    def chunks() -> Iterator[bytes]:
        for _ in range(size // 1_000_000):
            yield b"x" * 1_000_000

    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=600) as api:
        opened = api.post("/v1/lotes", headers={"Idempotency-Key": "stream-it"}).raise_for_status().json()
        watcher = threading.Thread(target=watch)
        watcher.start()
        started = time.monotonic()
        answer = api.put(f"/v1/lotes/{opened['id_lote']}/arquivo?nome=x.csv", content=chunks())
        seconds = time.monotonic() - started
        is_over.set()
        watcher.join()
        if answer.raise_for_status().json()["bytes"] != size // 1_000_000 * 1_000_000:
            raise SystemExit(f"other bytes arrived than were sent: {answer.text}")
    return seconds, peak


def main() -> None:
    """Start a server, send rows and a file, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--megabytes", type=int, default=1000)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lastro_bench_"))
    clients = Clients(folder / "clients")
    keys = [clients.add(f"client_{number}") for number in range(CLIENTS)]
    server = Server(folder)
    try:
        idle = server.megabytes()
        seconds, peak = stream(server, keys[0], options.megabytes * 1_000_000)
        calls = max(1, options.rows // CLIENTS // ROWS_A_CALL)
        started = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            for done in [pool.submit(send_rows, server, key, calls) for key in keys]:
                done.result()
        rate = calls * CLIENTS * ROWS_A_CALL / (time.monotonic() - started)
    finally:
        server.stop()
        shutil.rmtree(folder)
    table = Table("measure", "value", title="The front door, on one core")
    table.add_row("rows a second, 1,000 a call, 4 clients", f"{rate:,.0f}")
    table.add_row(f"{options.megabytes} MB streamed, seconds", f"{seconds:.1f}")
    table.add_row("resident memory before, MB", f"{idle:.0f}")
    table.add_row("resident memory at its peak while streaming, MB", f"{peak:.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
