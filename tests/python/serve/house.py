"""A front door with its gate and what was published, and `lastro serve` as a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx
from conftest import PROJECT
from fastapi import FastAPI
from fastapi.testclient import TestClient
from lastro.publish import BUILD, POINTER, RULES
from lastro.receive.gate import Gate
from lastro.receive.places import Places
from lastro.serve.app import create_app
from lastro.serve.clients import Clients
from lastro.serve.settings import Settings

NAMES = ("inbox", "received", "quarantine", "raw")
MEMBERS = {"type", "title", "status", "detail", "code", "instance"}
# What no answer about an error may repeat.
SECRET = "Segredo"
_TABLES = {
    "lotes": (
        "id_lote varchar, id_cliente varchar, status varchar, linhas_processadas bigint,"
        " linhas_com_falha bigint, valor_recebido decimal(18, 2), valor_processado decimal(18, 2)"
    ),
    "dividas_rejeitadas": (
        "id_lote varchar, id_cliente_credor varchar, linha_original bigint, motivos varchar, mensagens varchar,"
        " id_divida varchar, nome_devedor varchar, documento_devedor varchar, email_devedor varchar,"
        " valor_divida varchar, data_vencimento varchar, texto_original varchar, recebida_em timestamp,"
        " valor_lido decimal(18, 2), source_file varchar, line_number bigint"
    ),
}


def debt(number: int, **cells: str) -> dict[str, str]:
    """Return a row in the standard layout that every rule accepts."""
    return {
        "id_divida": f"D{number}",
        "nome_devedor": "Ana Lima",
        "documento_devedor": "52998224725",
        "valor_divida": "10.50",
        "data_vencimento": "2026-01-01",
    } | cells


class House:
    """A front door in folders of its own, with a key for each client of these tests."""

    def __init__(self, folder: Path, rules: list[dict[str, Any]] = (), **settings: Any) -> None:
        self.folder = folder
        self.rules = list(rules)
        self.places = Places.at(*(str(folder / name) for name in NAMES))
        self.settings = replace(
            Settings(
                self.places,
                drafts=folder / "drafts",
                clients=folder / "clients",
                published=folder / "published",
                calls_a_second=1e9,
            ),
            **settings,
        )
        self.clients = Clients(self.settings.clients)
        self.keys: dict[str, str] = {}
        self.lotes: list[dict[str, Any]] = []
        self.rejected: list[dict[str, Any]] = []
        self._builds = 0

    def key(self, client: str) -> str:
        """Return a client's key."""
        if client not in self.keys:
            self.keys[client] = self.clients.add(client)
        return self.keys[client]

    def headers(self, client: str, **more: str) -> dict[str, str]:
        """Return the headers of a client's call."""
        return {"Authorization": f"Bearer {self.key(client)}"} | more

    def app(self) -> FastAPI:
        """Return the application."""
        return create_app(self.settings)

    def gate(self) -> dict[str, tuple[str, int | None]]:
        """Let the gate pass once, and return the status and the rows of what it received."""
        gate = Gate(self.places)
        return {found.id_lote: (found.status, found.rows) for found in gate.run(gate.waiting(0))}

    def judge(self, id_lote: str, wrong: dict[int, dict[str, Any]], rows: int, amount: str = "0") -> None:
        """Publish that a build rejected these lines of a batch."""
        status = "concluido_com_rejeicoes" if wrong else "concluido"
        self.lotes.append(
            {
                "id_lote": id_lote,
                "status": status,
                "linhas_processadas": rows - len(wrong),
                "linhas_com_falha": len(wrong),
                "valor_recebido": Decimal(amount),
                "valor_processado": Decimal(amount),
            }
        )
        self.rejected += [
            {"id_lote": id_lote, "linha_original": line, "source_file": "INTERNAL"} | cells
            for line, cells in wrong.items()
        ]
        self.publish()

    def publish(self) -> None:
        """Write what `lastro publish` would."""
        self._builds += 1
        folder = self.settings.published / f"build-{self._builds}"
        folder.mkdir(parents=True)
        for table, columns in _TABLES.items():
            rows = self.lotes if table == "lotes" else self.rejected
            with duckdb.connect() as con:
                con.execute(f"create table {table} ({columns})")
                for row in rows:
                    names = ", ".join(row)
                    con.execute(
                        f"insert into {table} ({names}) values ({', '.join('?' * len(row))})",
                        list(row.values()),
                    )
                con.execute(f"copy {table} to '{folder / table}.parquet'")
        (folder / RULES).write_text(json.dumps(self.rules), encoding="utf-8")
        (folder / BUILD).write_text(json.dumps({"build_id": folder.name}), encoding="utf-8")
        (self.settings.published / POINTER).write_text(folder.name, encoding="utf-8")

    def raw_rows(self, id_lote: str) -> list[dict[str, str]]:
        """Return the rows that the gate published for a batch."""
        path = self.folder / "raw" / "cobranca" / "dividas" / f"{id_lote}.csv"
        return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))

    def variables(self) -> dict[str, str]:
        """Return the environment that points a command at this house."""
        folders = (*NAMES, "drafts", "clients", "published")
        return {f"LASTRO_{name.upper()}": str(self.folder / name) for name in folders}

    def start(self, port: int, *args: str) -> subprocess.Popen[bytes]:
        """Start `lastro serve`, and return its process when it answers."""
        command = [sys.executable, "-c", "from lastro.cli import app; app()", "serve", "--port", str(port)]
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--calls-a-second", "1000000", *args],
                cwd=PROJECT,
                env=os.environ | {"PYTHONPATH": str(PROJECT / "scripts")} | self.variables(),
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/saude", timeout=5)
                return process
            except httpx.TransportError:
                time.sleep(0.05)
        process.kill()
        raise AssertionError(self.log())

    @contextmanager
    def served(self, *args: str) -> Iterator[int]:
        """Run `lastro serve` on a free port."""
        port = free_port()
        process = self.start(port, *args)
        try:
            yield port
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            finally:
                process.kill()

    def log(self) -> str:
        """Return what servers wrote."""
        return (self.folder / "server.log").read_text(encoding="utf-8")


@contextmanager
def called(house: House) -> Iterator[TestClient]:
    """Yield a client of the application in this process."""
    with TestClient(house.app()) as client:
        yield client


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Return a refusal, which must have every member and no cell's value."""
    assert (answer.status_code, answer.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), answer.text
    said = answer.json()
    assert set(said) == MEMBERS and all(said.values()), said
    assert (said["status"], said["code"]) == (status, code), said
    assert said["type"] == f"urn:lastro:problema:{code}" and SECRET not in answer.text
    return said


def open_batch(api: httpx.Client, headers: dict[str, str], key: str = "pedido-0001") -> str:
    """Open a batch and return its number."""
    answer = api.post("/v1/lotes", headers=headers | {"Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id_lote"])


def add(api: httpx.Client, headers: dict[str, str], id_lote: str, rows: object, key: str) -> httpx.Response:
    """Send rows."""
    return api.post(
        f"/v1/lotes/{id_lote}/dividas", headers=headers | {"Idempotency-Key": key}, json={"dividas": rows}
    )
