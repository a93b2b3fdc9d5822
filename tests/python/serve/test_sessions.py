"""Sessions of the page: whose they are, when they end, and that nothing comes in or out beside them."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from lastro.serve.app import create_app
from small_client import Clock, debts, settings_in, workbook

OTHERS = "faro-20261126-0001"
ROUTES = [
    ("GET", ""),
    ("GET", "/colunas"),
    ("POST", "/colunas"),
    ("GET", "/conferencia"),
    ("POST", "/envio"),
    ("POST", "/cancelamento"),
    ("GET", "/rejeitadas"),
]


class Door:
    """A front door without a server, and a browser that keeps cookies."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.app = create_app(settings_in(folder), self.clock)
        self.office = self.app.state.office
        self.key = self.office.clients.add("padaria")
        self.browser = TestClient(self.app, base_url="http://127.0.0.1", follow_redirects=False)

    def enter(self) -> httpx.Response:
        return self.browser.post("/entrar", data={"chave": self.key})

    def token(self) -> str:
        return re.search('name="csrf" value="([^"]+)"', self.browser.get("/").text)[1]

    def upload(self, name: str, data: bytes) -> httpx.Response:
        return self.browser.post("/envios", data={"csrf": self.token()}, files={"arquivo": (name, data)})

    def opened(self, name: str, data: bytes) -> httpx.Response:
        """Upload a file and go where the answer says."""
        return self.browser.get(self.upload(name, data).headers["location"])

    def is_in(self) -> bool:
        return self.browser.get("/").status_code == 200


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_the_cookie_is_for_this_site_alone(door: Door) -> None:
    said = door.enter().headers["set-cookie"]
    assert "HttpOnly" in said
    assert "SameSite=strict" in said
    assert "Secure" not in said
    assert door.key not in said
    door.browser.base_url = "https://127.0.0.1"
    assert "Secure" in door.enter().headers["set-cookie"]


@pytest.mark.parametrize("path", ["/", f"/lotes/{OTHERS}", "/entrar", "/nada", "/static/lastro.css"])
def test_every_answer_keeps_caches_and_other_sites_away(door: Door, path: str) -> None:
    headers = door.browser.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/sair", "/envios", *(f"/lotes/x{end}" for how, end in ROUTES if how == "POST")]
)
@pytest.mark.parametrize("token", [None, "", "wrong", "é"])
def test_a_form_without_the_token_changes_nothing(door: Door, path: str, token: str | None) -> None:
    door.enter()
    assert door.browser.post(path, data={"csrf": token} if token is not None else {}).status_code == 403
    assert door.is_in()


@pytest.mark.parametrize(
    "header",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
)
def test_a_form_of_another_site_is_refused(door: Door, header: dict[str, str]) -> None:
    assert door.browser.post("/entrar", data={"chave": door.key}, headers=header).status_code == 403
    door.enter()
    assert door.browser.post("/sair", data={"csrf": door.token()}, headers=header).status_code == 403
    assert door.is_in()


def test_another_sessions_token_is_wrong(door: Door) -> None:
    door.enter()
    other = door.token()
    door.enter()
    assert door.browser.post("/sair", data={"csrf": other}).status_code == 403


def test_a_session_ends_after_thirty_idle_minutes(door: Door) -> None:
    door.enter()
    for _ in range(3):
        door.clock.later(minutes=29, seconds=59)
        assert door.is_in()
    door.clock.later(minutes=30)
    assert not door.is_in()


def test_a_session_ends_after_eight_hours_however_busy(door: Door) -> None:
    door.enter()
    for _ in range(23):
        door.clock.later(minutes=20)
        assert door.is_in()
    door.clock.later(minutes=20)
    assert not door.is_in()


def test_a_revoked_key_ends_its_session(door: Door) -> None:
    door.enter()
    assert door.is_in()
    door.office.clients.revoke("padaria")
    assert not door.is_in()


def test_leaving_ends_the_session_for_every_copy_of_its_cookie(door: Door) -> None:
    door.enter()
    token, cookie = door.token(), door.browser.cookies["lastro_sessao"]
    door.browser.post("/sair", data={"csrf": token})
    door.browser.cookies.set("lastro_sessao", cookie)
    assert not door.is_in()


def test_wrong_keys_are_limited_for_a_minute(door: Door) -> None:
    for _ in range(10):
        assert door.browser.post("/entrar", data={"chave": "lastro_x"}).status_code == 401
    assert door.enter().status_code == 429
    door.clock.later(seconds=61)
    assert door.enter().status_code == 303


@pytest.mark.parametrize(("method", "end"), ROUTES)
def test_another_clients_batch_is_not_there(door: Door, method: str, end: str) -> None:
    door.office.clients.add("faro")
    assert door.office.desk.open("faro", channel="pagina").id_lote == OTHERS
    door.enter()
    form = {"data": {"csrf": door.token()}} if method == "POST" else {}
    others = door.browser.request(method, f"/lotes/{OTHERS}{end}", **form)
    nobodys = door.browser.request(method, f"/lotes/faro-20261126-9999{end}", **form)
    assert (others.status_code, nobodys.status_code) == (404, 404)
    assert others.text == nobodys.text
    assert [draft.id_lote for draft in door.office.desk.drafts("faro")] == [OTHERS]


@pytest.mark.parametrize("name", ["..", ".oculto.csv", "a~b.csv", "a:b.csv", "a|b.csv", f"{'x' * 181}.csv"])
def test_an_evil_name_opens_no_batch(door: Door, name: str) -> None:
    door.enter()
    answer = door.upload(name, debts())
    assert answer.status_code == 422
    assert "O nome do arquivo não pode ser usado" in answer.text
    assert 'aria-describedby="arquivo-dica arquivo-erro"' in answer.text
    assert door.office.desk.drafts("padaria") == []


@pytest.mark.parametrize("name", ["../../etc/novembro.xlsx", "C:\\Users\\ana\\novembro.xlsx"])
def test_a_path_is_only_its_last_part(door: Door, name: str) -> None:
    door.enter()
    door.upload(name, debts())
    assert [draft.file for draft in door.office.desk.drafts("padaria")] == ["novembro.xlsx"]


def test_html_in_cells_and_names_is_text(door: Door) -> None:
    evil = '<script>alert("1")</script>'
    door.enter()
    data = workbook([["N", evil, "CPF", "Valor"], ["1", f"<img src=x>{evil}", "529.982.247-25", "1,00"]])
    page = door.opened("a'&b.xlsx", data)
    assert page.status_code == 200
    assert "<script" not in page.text
    assert "<img" not in page.text
    assert "&lt;img src=x&gt;" in page.text
    assert "a&#39;&amp;b.xlsx" in page.text


def test_ten_thousand_columns_are_a_page_of_a_hundred(door: Door) -> None:
    door.enter()
    header = ";".join(f"coluna {number}" for number in range(10_000))
    page = door.opened("larga.csv", f"{header}\n{';'.join('x' * 10_000)}\n".encode())
    assert page.status_code == 200
    assert page.text.count('<th scope="col">') == 100
    assert "Só as primeiras 100 colunas aparecem" in page.text
    assert len(page.content) < 200_000


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04 broken", b"\x89PNG\r\n\x1a\n\x00\x00", b"\n\n\n", b"one word\nof two\n"]
)
def test_a_file_that_cannot_be_read_says_what_to_do(door: Door, data: bytes) -> None:
    door.enter()
    page = door.opened("carteira.xlsx", data)
    assert page.status_code == 422
    assert "Não conseguimos ler este arquivo" in page.text
    assert "Desistir" in page.text


def test_an_empty_file_and_no_file_open_no_batch(door: Door) -> None:
    door.enter()
    assert "O arquivo está vazio" in door.upload("carteira.csv", b"").text
    nothing = door.browser.post("/envios", data={"csrf": door.token()})
    assert nothing.status_code == 422
    assert "Escolha um arquivo" in nothing.text
    assert door.office.desk.drafts("padaria") == []


def test_errors_are_pages_for_people_and_problems_for_programs(door: Door) -> None:
    assert "Não há página neste endereço" in door.browser.get("/nada").text
    assert door.browser.get("/v1/nada").headers["content-type"] == "application/problem+json"
    assert door.browser.get("/v1/lotes").json()["code"] == "chave_invalida"
