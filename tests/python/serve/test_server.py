"""`lastro serve` as a process: killed under load, lied to, and sent what is too large, too slow or too clever."""

from __future__ import annotations

import io
import os
import signal
import socket
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from house import SECRET, House, add, debt, free_port, open_batch, problem

IS_THOROUGH = int(os.environ.get("LASTRO_EXAMPLES", "100")) >= 1000
CLIENTS, CALLS, ROWS, KILLS = (100, 20, 1000, 20) if IS_THOROUGH else (12, 5, 100, 3)


class Sender(threading.Thread):
    """A client that sends its rows call by call, and every call until it is answered."""

    def __init__(self, house: House, port: int, number: int) -> None:
        super().__init__()
        self.client = f"client_{number}"
        self.headers = house.headers(self.client)
        self.url = f"http://127.0.0.1:{port}"
        self.confirmed: list[str] = []
        self.id_lote = ""
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._run()
        except BaseException as error:
            self.error = error

    def _run(self) -> None:
        self.id_lote = str(self._call("/v1/lotes", "abertura")["id_lote"])
        for call in range(CALLS):
            rows = [debt(call * ROWS + row) for row in range(ROWS)]
            answer = self._call(f"/v1/lotes/{self.id_lote}/dividas", f"linhas-{call}", {"dividas": rows})
            assert answer["linhas"] == ROWS
            self.confirmed += [row["id_divida"] for row in rows]
        self._call(f"/v1/lotes/{self.id_lote}/envio", "envio-0001")

    def _call(self, path: str, key: str, body: object = None) -> dict[str, Any]:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            try:
                answer = httpx.post(
                    self.url + path, headers=self.headers | {"Idempotency-Key": key}, json=body, timeout=30
                )
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            if answer.status_code not in (425, 429, 503):
                answer.raise_for_status()
                return answer.json()
            time.sleep(0.05)
        raise AssertionError("no answer")


def test_no_confirmed_row_is_lost_or_doubled_by_kills_under_load(tmp_path: Path) -> None:
    house, port = House(tmp_path), free_port()
    senders = [Sender(house, port, number) for number in range(CLIENTS)]
    server = house.start(port)
    for sender in senders:
        sender.start()
    for number in range(KILLS):
        # Kills fall between the first calls and the last: some rows are confirmed, others are not.
        share = (number + 1) / (KILLS + 1) * CLIENTS * CALLS * ROWS
        while sum(len(sender.confirmed) for sender in senders) < share and any(
            sender.is_alive() for sender in senders
        ):
            time.sleep(0.01)
        assert any(sender.is_alive() for sender in senders), "the kill came too late"
        server.kill()
        server.wait()
        server = house.start(port)
    for sender in senders:
        sender.join()
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0
    assert [sender.error for sender in senders] == [None] * CLIENTS
    # A batch whose opening was cut has another number, and nothing in it; it ends after a day.
    assert house.gate() == {sender.id_lote: ("aceito", CALLS * ROWS) for sender in senders}
    for sender in senders:
        rows = house.raw_rows(sender.id_lote)
        assert Counter(row["id_divida"] for row in rows) == Counter(sender.confirmed)
        assert len(sender.confirmed) == CALLS * ROWS
        assert {row["id_cliente_credor"] for row in rows} == {sender.client}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, rules: list[dict[str, Any]]) -> House:
    house = House(tmp_path_factory.mktemp("house"), rules)
    house.publish()
    return house


@pytest.fixture(scope="module")
def port(house: House) -> Any:
    with house.served() as port:
        yield port


@pytest.fixture
def api(port: int) -> Any:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as api:
        yield api


def raw(port: int, *parts: bytes, seconds: float = 10) -> bytes:
    """Send bytes as they are, and return what comes until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        for part in parts:
            connection.sendall(part)
        answer = b""
        try:
            while data := connection.recv(65536):
                answer += data
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


def head(house: House, line: str, *headers: str) -> bytes:
    lines = [line, "Host: 127.0.0.1", f"Authorization: Bearer {house.key('aurora')}", *headers, "", ""]
    return "\r\n".join(lines).encode()


@pytest.mark.parametrize(
    "name",
    [
        "../x.csv",
        "..%2fx.csv",
        "%2e%2e/x.csv",
        "a%00b.csv",
        "%2fetc%2fpasswd",
        "..",
        ".lote.json",
        "a~b.csv",
        "%ff%fe",
    ],
)
def test_no_name_leads_out_of_its_folder(house: House, api: httpx.Client, name: str) -> None:
    headers = house.headers("aurora")
    id_lote = open_batch(api, headers, f"pedido-{name}")
    before = {path for path in house.folder.rglob("*") if path.is_file()}
    answer = api.put(f"/v1/lotes/{id_lote}/arquivo?nome={name}", headers=headers, content=b"x")
    if name == "%ff%fe":
        # It is read with replacement characters, which a file may have.
        assert answer.status_code in (200, 422)
        return
    problem(answer, 422, "nome_invalido")
    assert {path for path in house.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "path",
    [
        b"/v1/lotes/../../etc/passwd",
        b"/v1/lotes/..%2f..%2fclients%2faurora.json",
        b"/v1/lotes/%2e%2e/eventos",
        b"/v1/lotes/aurora-20261126-0001%00",
        b"/static/../app.py",
        b"/static/..%2fapp.py",
        b"//etc/passwd",
    ],
)
def test_no_path_leads_out(house: House, port: int, path: bytes) -> None:
    request = head(house, "GET PATH HTTP/1.1", "Connection: close").replace(b"PATH", path)
    status = raw(port, request).split(b" ")[1]
    assert status in (b"404", b"422", b"400", b"303"), status


def test_a_zip_bomb_is_refused_in_little_memory(house: House, api: httpx.Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.csv", "w") as member:
        for _ in range(400):
            member.write(b"0" * 1_000_000)
    answer = api.post("/v1/validar?nome=x.zip", headers=house.headers("aurora"), content=packed.getvalue())
    assert answer.status_code == 200 and answer.json()["aceito"] is False
    assert answer.json()["motivo"] in (
        "arquivo_grande_demais",
        "compressao_suspeita",
        "arquivo_compactado_demais",
    ), answer.text


def test_ten_thousand_columns(house: House, api: httpx.Client) -> None:
    headers = house.headers("aurora")
    names = [f"c{number}" for number in range(10_000)]
    content = ",".join(names) + "\n" + ",".join(["1"] * 10_000) + "\n"
    answer = api.post("/v1/validar?nome=x.csv", headers=headers, content=content)
    assert answer.json()["motivo"] == "coluna_ausente"
    id_lote = open_batch(api, headers, "ten-thousand")
    answer = add(api, headers, id_lote, [dict.fromkeys(names, SECRET)], "pedido-10000")
    assert "10000 coluna(s)" in problem(answer, 422, "corpo_invalido")["title"]


def test_a_body_over_the_limit(house: House, api: httpx.Client, port: int) -> None:
    headers = house.headers("aurora")
    id_lote = open_batch(api, headers, "over-the-limit")
    line = f"POST /v1/lotes/{id_lote}/dividas HTTP/1.1"
    declared = raw(port, head(house, line, "Idempotency-Key: pedido-0001", "Content-Length: 10000001"))
    assert declared.split(b" ")[1] == b"413" and b"corpo_grande_demais" in declared

    def chunks() -> Any:
        for _ in range(20):
            yield b" " * 1_000_000

    try:
        answer = api.post(
            f"/v1/lotes/{id_lote}/dividas",
            headers=headers | {"Idempotency-Key": "pedido-0002"},
            content=chunks(),
        )
        problem(answer, 413, "corpo_grande_demais")
    except httpx.TransportError:
        pass  # The server stopped reading before the body was sent.
    assert api.get(f"/v1/lotes/{id_lote}", headers=headers).json()["linhas"] is None


@pytest.mark.parametrize(
    ("lengths", "body"),
    [
        (["Content-Length: 100"], b'{"dividas": [{}]}'),
        (["Content-Length: -1"], b'{"dividas": [{}]}'),
        (["Content-Length: x"], b'{"dividas": [{}]}'),
        (["Content-Length: 17", "Content-Length: 18"], b'{"dividas": [{}]}'),
        (["Content-Length: 5"], b'{"dividas": [{}]}'),
        (["Content-Length: 17", "Transfer-Encoding: chunked"], b'{"dividas": [{}]}'),
        (["Transfer-Encoding: gzip"], b'{"dividas": [{}]}'),
    ],
    ids=["larger", "negative", "no number", "two", "smaller", "both", "unknown coding"],
)
def test_lengths_that_lie_keep_nothing(
    house: House,
    api: httpx.Client,
    port: int,
    lengths: list[str],
    body: bytes,
    request: pytest.FixtureRequest,
) -> None:
    headers = house.headers("aurora")
    id_lote = open_batch(api, headers, f"lies-{request.node.callspec.id}")
    line = f"POST /v1/lotes/{id_lote}/dividas HTTP/1.1"
    sent = head(house, line, "Idempotency-Key: pedido-0001", "Connection: close", *lengths) + body
    answer = raw(port, sent, seconds=2)
    assert not answer.startswith(b"HTTP/1.1 200"), answer
    assert api.get(f"/v1/lotes/{id_lote}", headers=headers).json()["linhas"] is None
    assert api.get("/saude").status_code == 200


def test_a_file_that_is_cut_is_not_kept(house: House, api: httpx.Client, port: int) -> None:
    headers = house.headers("aurora")
    id_lote = open_batch(api, headers, "a-file-that-is-cut")
    line = f"PUT /v1/lotes/{id_lote}/arquivo?nome=x.csv HTTP/1.1"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head(house, line, "Content-Length: 1000000") + b"x" * 1000)
    deadline = time.monotonic() + 10
    while list((house.folder / "drafts" / ".partial").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list((house.folder / "drafts" / ".partial").iterdir()) == []
    assert api.get(f"/v1/lotes/{id_lote}", headers=headers).json()["arquivo"] is None


def test_thousands_of_headers(house: House, port: int) -> None:
    sent = head(house, "GET /v1/lotes HTTP/1.1", *(f"X-{number}: {'y' * 100}" for number in range(5000)))
    answer = raw(port, sent)
    assert not answer.startswith(b"HTTP/1.1 200")
    assert httpx.get(f"http://127.0.0.1:{port}/saude").status_code == 200


def test_a_second_server_does_not_start(house: House, port: int) -> None:
    with pytest.raises(AssertionError, match="another server uses"):
        house.start(free_port())


def test_a_server_ends_when_asked_and_leaves_nothing(tmp_path: Path) -> None:
    house = House(tmp_path)
    process = house.start(port := free_port())
    children = psutil.Process(process.pid).children(recursive=True)
    [listening] = [
        found
        for found in psutil.Process(process.pid).net_connections("inet")
        if found.status == psutil.CONN_LISTEN
    ]
    assert listening.laddr == ("127.0.0.1", port)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert children == []
    assert "Traceback" not in house.log()
