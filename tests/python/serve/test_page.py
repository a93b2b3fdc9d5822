"""The page in a browser: a small client uploads a spreadsheet, matches its columns, sends it, and follows it."""

from __future__ import annotations

import csv
import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from lastro.publish import _rules
from lastro.receive.formats import read_formats
from lastro.receive.gate import Gate
from lastro.serve.app import create_app
from lastro.serve.pages.columns import format_kept
from lastro.serve.rehearse import Rehearsal
from small_client import Clock, debts, publish, settings_in, workbook

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = shutil.which("chromium")
# Pictures of every page go here, for whoever wants to look at them.
PICTURES = os.environ.get("LASTRO_PICTURES")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")


class Door:
    """A front door that serves, and the gate and the build behind it."""

    def __init__(self, folder: Path, rules: list[dict[str, Any]]) -> None:
        self.clock = Clock()
        self.settings = settings_in(folder)
        self.rules = rules
        publish(self.settings.published, rules)
        self.app = create_app(self.settings, self.clock)
        self.office = self.app.state.office
        self.key = self.office.clients.add("padaria")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        config = uvicorn.Config(self.app, host="127.0.0.1", port=port, log_level="warning")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()

    def judge(self) -> dict[str, tuple[str, int | None]]:
        """Let the gate judge what was sent."""
        gate = Gate(self.settings.places, formats=read_formats(self.settings.formats), now=self.clock)
        return {found.id_lote: (found.status, found.rows) for found in gate.run(gate.waiting(0))}

    def rehearsal(self, id_lote: str) -> Rehearsal:
        """Return what the rules say of a batch that is open."""
        draft = self.office.desk.draft("padaria", id_lote)
        path, chosen = self.office.desk.path_of("padaria", id_lote), format_kept(self.office, draft)
        return self.office.preview("padaria", path, path.name, [chosen] if chosen else None)

    def build(self, id_lote: str, found: Rehearsal) -> None:
        """Publish what a build says of the debts: what the rules said before."""
        known = ("linha_original", "line_number", "motivos", "mensagens", "id_divida", "nome_devedor")
        rejected = [{"id_lote": id_lote} | {name: row[name] for name in known} for row in found.rejections]
        lote = {
            "id_lote": id_lote,
            "status": "concluido_com_rejeicoes",
            "linhas_processadas": found.registered,
            "linhas_com_falha": found.rejected,
            "valor_processado": found.amount,
        }
        publish(self.settings.published, self.rules, [lote], rejected)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return _rules(tmp_path_factory.mktemp("rules"))


@pytest.fixture
def door(tmp_path: Path, rules: list[dict[str, Any]]) -> Iterator[Door]:
    door = Door(tmp_path, rules)
    yield door
    door.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """A person with a browser, and what a test notices about each page."""

    def __init__(self, browser: Any, door: Door) -> None:
        self.page = browser.new_page(viewport={"width": 1100, "height": 800}, java_script_enabled=True)
        self.door = door
        self.asked: list[str] = []
        self.said: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.goto(door.url)

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.door.url)

    def words(self) -> str:
        return re.sub(r"\s+", " ", self.page.locator("body").inner_text())

    def check(self, name: str) -> None:
        """Assert that nothing of this page keeps anybody out, nor asks anybody else."""
        self.page.set_viewport_size({"width": 320, "height": 640})
        # The window changes a moment later.
        while self.page.evaluate("innerWidth") != 320:
            self.page.wait_for_timeout(20)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        self.picture(f"{name}_320")
        narrow = self.grave()
        self.page.set_viewport_size({"width": 1100, "height": 800})
        self.picture(name)
        assert (name, width) == (name, 320)
        assert (name, narrow, self.grave()) == (name, [], [])
        assert all(url.startswith(f"{self.door.url}/") for url in self.asked)
        assert self.page.locator("h1").count() == 1
        assert not self.page.locator("script").count()

    def grave(self) -> list[str]:
        found = axe.Axe().run(self.page).response["violations"]
        return [
            f"{each['id']} {each['nodes'][0]['html'][:200]}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]

    def picture(self, name: str) -> None:
        if PICTURES:
            self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)

    def enter(self, key: str) -> None:
        self.page.get_by_label("Chave de acesso").fill(key)
        self.page.get_by_role("button", name="Entrar").click()

    def upload(self, name: str, data: bytes) -> None:
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        self.page.get_by_label("Arquivo", exact=True).set_input_files(file)
        self.page.get_by_role("button", name="Continuar").click()


@pytest.fixture
def visit(browser: Any, door: Door) -> Iterator[Callable[[], Visitor]]:
    visitors = []

    def visit() -> Visitor:
        visitors.append(Visitor(browser, door))
        return visitors[-1]

    yield visit
    for visitor in visitors:
        visitor.page.close()


def test_a_spreadsheet_is_matched_judged_sent_and_followed(
    visit: Callable[[], Visitor], door: Door, tmp_path: Path
) -> None:
    visitor = visit()
    page = visitor.page
    assert visitor.path == "/entrar"
    visitor.check("entrar")
    visitor.enter("lastro_errada")
    assert page.get_by_label("Chave de acesso").get_attribute("aria-invalid") == "true"
    assert "não existe" in visitor.words()
    visitor.check("entrar_erro")
    visitor.enter(door.key)
    assert visitor.path == "/"
    visitor.check("inicio_vazio")

    visitor.upload("novembro.xlsx", debts())
    id_lote = "padaria-20261126-0001"
    assert visitor.path == f"/lotes/{id_lote}/colunas"
    assert page.get_by_label("Valor da dívida").input_value() == "4"
    assert page.get_by_label("Como o valor está escrito").input_value() == "9.999,99"
    visitor.check("colunas")
    page.get_by_label("Nome do devedor").select_option("Nº nota")
    page.get_by_role("button", name="Conferir").click()
    assert "Esta coluna já foi escolhida em “Número da dívida”" in visitor.words()
    visitor.check("colunas_erro")
    page.get_by_label("Nome do devedor").select_option("Freguês")
    page.get_by_role("button", name="Conferir").click()

    assert visitor.path == f"/lotes/{id_lote}/conferencia"
    words = visitor.words()
    assert "Linhas no arquivo 4" in words
    assert "Seriam registradas 2" in words
    assert "R$ 1.334,40" in words
    assert "Seriam rejeitadas 2" in words
    assert "CPF ou CNPJ do devedor: Os dígitos verificadores" in words
    assert "Caio <b>Reis</b>" in words
    assert page.locator("tbody th").all_inner_texts() == ["6", "7"]
    visitor.check("conferencia")
    assert door.judge() == {}
    found = door.rehearsal(id_lote)
    page.get_by_role("button", name="Enviar").click()

    assert visitor.path == f"/lotes/{id_lote}"
    assert "Está na fila" in visitor.words()
    visitor.check("enviado")
    assert door.judge() == {id_lote: ("aceito", 4)}
    page.get_by_role("link", name="Atualizar").click()
    assert "O arquivo foi aceito" in visitor.words()
    assert "26/11/2026 14:05" in visitor.words()
    visitor.check("aceito")

    door.build(id_lote, found)
    page.reload()
    words = visitor.words()
    assert "Concluído com rejeições" in words
    assert "Rejeitadas 2" in words
    visitor.check("concluido")
    with page.expect_download() as download:
        page.get_by_role("link", name="Baixar as linhas rejeitadas").click()
    back = tmp_path / download.value.suggested_filename
    download.value.save_as(back)
    lines = list(csv.reader(back.open(encoding="utf-8-sig"), delimiter=";")) if back.suffix == ".csv" else []
    assert back.stat().st_size
    assert back.suffix == ".xlsx" or len(lines) > 2
    page.get_by_role("link", name="Seus envios").click()
    visitor.check("inicio")


def test_the_next_file_needs_no_choice_of_columns(visit: Callable[[], Visitor], door: Door) -> None:
    visitor = visit()
    page = visitor.page
    visitor.enter(door.key)
    header = ["Nº nota", "Freguês", "CPF", "Quanto deve", "Venceu em"]
    row = ["N-9", "Ana Lima", "529.982.247-25", "5,00", "31/01/2026"]
    visitor.upload("outubro.xlsx", workbook([header, row]))
    page.get_by_label("Nome do devedor").select_option("Freguês")
    page.get_by_role("button", name="Conferir").click()
    assert "Nenhuma linha seria rejeitada" in visitor.words()
    page.get_by_role("button", name="Enviar").click()
    assert [form.version for form in read_formats(door.settings.formats)] == [1]

    page.goto(door.url)
    visitor.upload("novembro.xlsx", workbook([header, ["N-10", *row[1:]]]))
    assert visitor.path == "/lotes/padaria-20261126-0002/conferencia"
    page.get_by_role("button", name="Enviar").click()
    assert [form.version for form in read_formats(door.settings.formats)] == [1]
    assert door.judge() == {
        "padaria-20261126-0001": ("aceito", 1),
        "padaria-20261126-0002": ("aceito", 1),
    }


def test_a_file_that_cannot_be_read_or_would_be_refused_says_what_to_do(
    visit: Callable[[], Visitor], door: Door
) -> None:
    visitor = visit()
    page = visitor.page
    visitor.enter(door.key)
    visitor.upload("foto.xlsx", b"PK\x03\x04 no workbook")
    assert "Não conseguimos ler este arquivo" in visitor.words()
    visitor.check("ilegivel")
    page.get_by_role("button", name="Desistir deste envio").click()
    assert "Cancelado" in visitor.words()
    visitor.check("cancelado")
    page.goto(f"{door.url}/lotes/outro-20261126-0001")
    assert "Não encontramos este envio" in visitor.words()
    visitor.check("problema")


def test_the_journey_by_keyboard_alone(visit: Callable[[], Visitor], door: Door) -> None:
    visitor = visit()
    page = visitor.page
    keys = page.keyboard

    def tab_to(role: str, name: str) -> None:
        """Press Tab until what has this role and name has the focus, which must be visible."""
        wanted = page.get_by_role(role, name=name).first if role else page.get_by_label(name, exact=True)
        for _ in range(60):
            keys.press("Tab")
            if wanted.evaluate("element => element === document.activeElement"):
                outline = wanted.evaluate("element => getComputedStyle(element).outlineStyle")
                assert outline != "none"
                return
        raise AssertionError(f"no Tab reaches {name}")

    # Playwright begins to catch dialogs some time after the first listener; a key pressed at once is too early.
    page.on("filechooser", lambda _: None)
    keys.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Ir para o conteúdo"
    keys.press("Enter")
    tab_to("", "Chave de acesso")
    keys.type(door.key)
    keys.press("Enter")
    page.wait_for_url(f"{door.url}/")

    tab_to("", "Arquivo")
    with page.expect_file_chooser() as chooser:
        keys.press("Enter")
    file = {"name": "novembro.xlsx", "mimeType": "application/octet-stream", "buffer": debts()}
    chooser.value.set_files(file)
    tab_to("button", "Continuar")
    keys.press("Enter")
    page.wait_for_url("**/colunas")
    tab_to("region", "Primeiras linhas do arquivo")
    tab_to("", "Nome do devedor")
    keys.type("Freg")
    tab_to("button", "Conferir")
    keys.press("Enter")
    page.wait_for_url("**/conferencia")
    tab_to("region", "Linhas que seriam rejeitadas")
    tab_to("button", "Enviar")
    keys.press("Enter")
    page.wait_for_url("**/lotes/padaria-20261126-0001")
    assert door.judge() == {"padaria-20261126-0001": ("aceito", 4)}
