"""The API's routes: what each answers to a good call, what it refuses, and the client that docs/api.md prints."""

from __future__ import annotations

import base64
import csv
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from conftest import PROJECT
from house import SECRET, House, add, called, debt, open_batch, problem

TODAY = datetime.now(UTC).date()
CARTEIRA = (
    "Contrato;Cliente;CPF/CNPJ;E-mail;Valor (R$);Vencimento\n"
    "7;João Sá;52998224725;;1.234,50;01/01/2026\n"
    "8;Ana;52998224720;a@x.com;0,10;31/01/2026\n"
).encode("cp1252")
WRONG = {
    "motivos": "documento_devedor:check_digit,valor_divida:amount",
    "mensagens": "documento_devedor: O dígito não confere.",
    "id_divida": "8",
    "documento_devedor": "52998224720",
    "valor_divida": None,
}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def api(house: House) -> Iterator[httpx.Client]:
    with called(house) as client:
        yield client


def test_rows_from_opening_a_batch_to_its_end(house: House, api: httpx.Client) -> None:
    said = house.headers("aurora")
    opened = api.post("/v1/lotes", headers=said | {"Idempotency-Key": "pedido-0001"})
    id_lote = f"aurora-{TODAY:%Y%m%d}-0001"
    assert (opened.status_code, opened.json()) == (201, {"id_lote": id_lote, "status": "aberto"})
    rows = [debt(1) | {"valor_divida": 1234.5, "email_devedor": None}, debt(2, valor_divida="1e2")]
    answer = add(api, said, id_lote, rows, "pedido-0002")
    assert (answer.status_code, answer.json()) == (
        200,
        {"id_lote": id_lote, "linhas": 2, "linhas_no_lote": 2},
    )
    seen = api.get(f"/v1/lotes/{id_lote}", headers=said).json()
    assert {key: seen[key] for key in ("status", "canal", "linhas")} == {
        "status": "aberto",
        "canal": "api_linhas",
        "linhas": 2,
    }
    for _ in range(2):
        answer = api.post(f"/v1/lotes/{id_lote}/envio", headers=said)
        assert (answer.status_code, answer.json()["status"]) == (202, "enviado")
        assert [lote["status"] for lote in api.get("/v1/lotes", headers=said).json()] == ["enviado"]
        assert api.get("/v1/lotes", headers=house.headers("boreal")).json() == []
    assert api.get(f"/v1/lotes/{id_lote}/eventos", headers=said).json() == []
    assert house.gate() == {id_lote: ("aceito", 2)}
    assert [row["valor_divida"] for row in house.raw_rows(id_lote)] == ["1234.5", "1e2"]
    assert api.get(f"/v1/lotes/{id_lote}", headers=said).json()["status"] == "aceito"

    house.judge(id_lote, {3: WRONG}, 2, "1334.50")
    seen = api.get(f"/v1/lotes/{id_lote}", headers=said).json()
    received = seen.pop("recebido_em")
    assert received[:10] == str(TODAY)
    assert seen == {
        "id_lote": id_lote,
        "status": "concluido_com_rejeicoes",
        "canal": "api_linhas",
        "arquivo": "linhas.csv",
        "linhas": 2,
        "linhas_processadas": 1,
        "linhas_com_falha": 1,
        "valor_recebido": "1334.50",
        "valor_processado": "1334.50",
        "motivo": None,
        "mensagem": None,
        "lote_original": None,
    }
    assert api.get("/v1/lotes", headers=said).json() == [seen | {"recebido_em": received}]
    events = api.get(f"/v1/lotes/{id_lote}/eventos", headers=said).json()
    assert [event["sequencia"] for event in events] == list(range(1, len(events) + 1))
    assert [events[0]["evento"], events[-1]["evento"]] == ["recebido", "aceito"]
    problem(api.delete(f"/v1/lotes/{id_lote}", headers=said), 409, "lote_encerrado")
    problem(add(api, said, id_lote, rows, "pedido-0003"), 409, "lote_fechado")


def test_a_file_and_its_rejected_lines_in_its_layout(house: House, api: httpx.Client) -> None:
    said = house.headers("boreal")
    id_lote = open_batch(api, said)
    own = sha256(CARTEIRA)
    digest = f"sha-256=:{base64.b64encode(own.digest()).decode()}:"
    put = {"url": f"/v1/lotes/{id_lote}/arquivo", "params": {"nome": "carteira.csv"}}
    answer = api.put(**put, content=CARTEIRA, headers=said | {"Content-Digest": digest})
    assert (answer.status_code, answer.json()) == (
        200,
        {"id_lote": id_lote, "arquivo": "carteira.csv", "bytes": len(CARTEIRA), "sha256": own.hexdigest()},
    )
    # A digest that does not match keeps what came before.
    answer = api.put(**put, content=CARTEIRA[:-1], headers=said | {"Content-Digest": digest})
    problem(answer, 422, "digest_diferente")
    for wrong in ("", "sha-256=::", "md5=:x:", digest[:-1]):
        answer = api.put(**put, content=CARTEIRA, headers=said | {"Content-Digest": wrong})
        problem(answer, 422, "digest_diferente")
    assert list((house.folder / "drafts" / ".partial").iterdir()) == []
    api.post(f"/v1/lotes/{id_lote}/envio", headers=said)
    assert house.gate() == {id_lote: ("aceito", 2)}
    house.judge(id_lote, {3: WRONG}, 2)
    answer = api.get(f"/v1/lotes/{id_lote}/rejeicoes/arquivo", headers=said)
    assert answer.status_code == 200
    assert f"rejeitadas_{id_lote}.csv" in answer.headers["content-disposition"]
    assert answer.content.decode("cp1252") == (
        "Contrato;Cliente;CPF/CNPJ;E-mail;Valor (R$);Vencimento;linha_original;motivo\n"
        "8;Ana;52998224720;a@x.com;0,10;31/01/2026;3;documento_devedor: O dígito não confere.\n"
    )
    # The same content under another number is refused, and both sides say why.
    again = open_batch(api, said, "pedido-0002")
    api.put(f"/v1/lotes/{again}/arquivo?nome=carteira2.csv", content=CARTEIRA, headers=said)
    api.post(f"/v1/lotes/{again}/envio", headers=said)
    assert house.gate()[again][0] == "duplicado"
    seen = api.get(f"/v1/lotes/{again}", headers=said).json()
    assert (seen["status"], seen["lote_original"]) == ("duplicado", id_lote)
    # Its file may be gone one day.
    for path in (house.folder / "received" / id_lote).iterdir():
        path.unlink()
    problem(api.get(f"/v1/lotes/{id_lote}/rejeicoes/arquivo", headers=said), 410, "arquivo_indisponivel")


def test_rejections_page_by_page(house: House, api: httpx.Client) -> None:
    said = house.headers("aurora")
    id_lote = open_batch(api, said)
    add(api, said, id_lote, [debt(number) for number in range(7)], "pedido-0002")
    url = f"/v1/lotes/{id_lote}/rejeicoes"
    problem(api.get(url, headers=said), 409, "lote_nao_julgado")
    problem(api.get(f"{url}/arquivo", headers=said), 409, "lote_nao_julgado")
    api.post(f"/v1/lotes/{id_lote}/envio", headers=said)
    house.gate()
    house.judge("boreal-20261126-0001", dict.fromkeys(range(2, 9), WRONG), 7)
    house.judge(id_lote, dict.fromkeys((2, 3, 5, 6, 8), WRONG), 7)
    first = api.get(url, headers=said, params={"limite": 2}).json()
    assert first["rejeicoes"][0] == {
        "linha": 2,
        "motivos": ["documento_devedor:check_digit", "valor_divida:amount"],
        "mensagem": "documento_devedor: O dígito não confere.",
        # The values as sent, and nothing of the inside.
        "valores": {
            "id_divida": "8",
            "nome_devedor": None,
            "documento_devedor": "52998224720",
            "email_devedor": None,
            "valor_divida": None,
            "data_vencimento": None,
            "texto_original": None,
        },
    }
    lines, after = [], 0
    while after is not None:
        page = api.get(url, headers=said, params={"limite": 2, "depois": after}).json()
        assert len(page["rejeicoes"]) <= 2 and page["id_lote"] == id_lote
        lines += [row["linha"] for row in page["rejeicoes"]]
        after = page["proxima"]
    assert lines == [2, 3, 5, 6, 8]
    assert api.get(url, headers=said, params={"depois": 2**62}).json()["rejeicoes"] == []
    for wrong in ({"limite": 0}, {"limite": 10_001}, {"depois": -1}, {"depois": 2**63}, {"limite": SECRET}):
        said_of = problem(api.get(url, headers=said, params=wrong), 422, "parametro_invalido")
        assert next(iter(wrong)) in said_of["title"]


def test_the_three_states_of_a_call(house: House, api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    said = house.headers("aurora")
    id_lote = open_batch(api, said)
    assert open_batch(api, said) == id_lote
    assert open_batch(api, house.headers("boreal")) != id_lote
    first = add(api, said, id_lote, [debt(1)], "pedido-0002")
    add(api, said, id_lote, [debt(2)], "pedido-0003")
    # Done: the same answer, byte by byte.
    assert add(api, said, id_lote, [debt(1)], "pedido-0002").content == first.content
    # Done with another body.
    problem(add(api, said, id_lote, [debt(9)], "pedido-0002"), 422, "chave_de_outro_corpo")
    # At work.
    desk = api.app.state.office.desk
    entered, go_on, write = threading.Event(), threading.Event(), desk.folder.write

    def slow(name: str, data: bytes) -> None:
        entered.set()
        assert go_on.wait(10)
        write(name, data)

    monkeypatch.setattr(desk.folder, "write", slow)
    answers: list[httpx.Response] = []
    call = (api, said, id_lote, [debt(3)], "pedido-0004")
    thread = threading.Thread(target=lambda: answers.append(add(*call)))
    thread.start()
    try:
        assert entered.wait(10)
        again = add(*call)
        problem(again, 425, "chamada_em_andamento")
        assert again.headers["Retry-After"] == "1"
        # Nobody else learns of it.
        problem(add(api, house.headers("boreal"), *call[2:]), 404, "lote_nao_encontrado")
    finally:
        go_on.set()
        thread.join()
    assert add(*call).content == answers[0].content
    api.post(f"/v1/lotes/{id_lote}/envio", headers=said)
    house.gate()
    assert [row["id_divida"] for row in house.raw_rows(id_lote)] == ["D1", "D2", "D3"]
    # The key that opened it still names it.
    answer = api.post("/v1/lotes", headers=said | {"Idempotency-Key": "pedido-0001"})
    assert answer.json() == {"id_lote": id_lote, "status": "aceito"}


def test_cancelled_batches(house: House, api: httpx.Client) -> None:
    said = house.headers("aurora")
    is_open, is_sent, is_accepted = (open_batch(api, said, f"pedido-000{at}") for at in range(3))
    for id_lote in (is_sent, is_accepted):
        add(api, said, id_lote, [debt(1, nome_devedor=id_lote)], "pedido-0002")
    api.post(f"/v1/lotes/{is_accepted}/envio", headers=said)
    house.gate()
    api.post(f"/v1/lotes/{is_sent}/envio", headers=said)
    for id_lote in (is_open, is_sent, is_accepted):
        for _ in range(2):
            answer = api.delete(f"/v1/lotes/{id_lote}", headers=said)
            assert (answer.status_code, answer.content) == (204, b"")
        seen = api.get(f"/v1/lotes/{id_lote}", headers=said).json()
        assert (seen["status"], seen["motivo"]) == ("cancelado", "cancelado_pelo_cliente")
        [last] = api.get(f"/v1/lotes/{id_lote}/eventos", headers=said).json()[-1:]
        assert (last["evento"], last["motivo"]) == ("cancelado", "cancelado_pelo_cliente")
        problem(add(api, said, id_lote, [debt(2)], "pedido-0009"), 409, "lote_fechado")
    house.gate()
    assert not list((house.folder / "raw" / "cobranca").rglob("*.csv"))


def test_periods(house: House, api: httpx.Client) -> None:
    said = house.headers("aurora")
    id_lote = open_batch(api, said)
    add(api, said, id_lote, [debt(1)], "pedido-0002")
    api.post(f"/v1/lotes/{id_lote}/envio", headers=said)
    house.gate()

    def listed(**period: object) -> httpx.Response:
        return api.get("/v1/lotes", headers=said, params={key: str(day) for key, day in period.items()})

    for days, count in ((0, 1), (91, 1)):
        assert len(listed(de=TODAY - timedelta(days), ate=TODAY).json()) == count
    assert len(listed(de=TODAY).json()) == 1
    assert listed(ate=TODAY - timedelta(1)).json() == []
    for first, last in (("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31")):
        assert listed(de=first, ate=last).json() == []
    for only in ("0001-01-01", "9999-12-31"):
        assert listed(ate=only).json() == []
    for wrong in (
        {"de": TODAY - timedelta(92), "ate": TODAY},
        {"de": TODAY, "ate": TODAY - timedelta(1)},
        {"de": "0001-01-01"},
        {"de": "0001-01-01", "ate": "9999-12-31"},
    ):
        problem(listed(**wrong), 422, "periodo_invalido")
    problem(listed(de=SECRET), 422, "parametro_invalido")


@pytest.mark.parametrize(
    "id_lote",
    [
        "aurora-20261399-0001",
        "aurora-00000000-0001",
        "aurora-20261126-" + "1" * 300,
        "aurora-20261126-" + "1" * 70,
        "aurora-２０２６１１２６-0001",
        "aurora",
        "x" * 5000,
    ],
)
def test_what_is_no_number_of_a_batch(house: House, api: httpx.Client, id_lote: str) -> None:
    said = house.headers("aurora")
    url = f"/v1/lotes/{id_lote}"
    problem(api.get(url, headers=said), 404, "lote_nao_encontrado")
    problem(api.delete(url, headers=said), 404, "lote_nao_encontrado")
    problem(api.get(f"{url}/rejeicoes", headers=said), 404, "lote_nao_encontrado")
    problem(api.post(f"{url}/envio", headers=said), 404, "lote_nao_encontrado")
    problem(add(api, said, id_lote, [debt(1)], "pedido-0002"), 404, "lote_nao_encontrado")
    problem(api.put(f"{url}/arquivo?nome=x.csv", headers=said, content=b"x"), 404, "lote_nao_encontrado")


def test_refusals_repeat_no_value(house: House, api: httpx.Client) -> None:
    said = house.headers("aurora")
    id_lote = open_batch(api, said)
    url = f"/v1/lotes/{id_lote}"
    calls: list[tuple[httpx.Response, int, str]] = [
        (api.get("/v1/lotes"), 401, "chave_invalida"),
        (api.get("/v1/lotes", headers={"Authorization": f"Bearer {SECRET}"}), 401, "chave_invalida"),
        (api.get("/v1/lotes", headers={"Authorization": f"Basic {SECRET}"}), 401, "chave_invalida"),
        (api.get("/v1/nada"), 404, "rota_nao_encontrada"),
        (api.patch(url, headers=said), 405, "metodo_nao_permitido"),
        (api.post("/v1/lotes", headers=said), 422, "parametro_invalido"),
        (api.post("/v1/lotes", headers=said | {"Idempotency-Key": "curta"}), 422, "parametro_invalido"),
        (api.post(f"{url}/envio", headers=said), 409, "lote_vazio"),
        (add(api, said, id_lote, [debt(1, coluna=SECRET)], "pedido-0002"), 422, "corpo_invalido"),
        (add(api, said, id_lote, [{SECRET: "x"}], "pedido-0002"), 422, "corpo_invalido"),
        (add(api, said, id_lote, [{"nome_devedor": [SECRET]}], "pedido-0002"), 422, "corpo_invalido"),
        (add(api, said, id_lote, [], "pedido-0002"), 422, "sem_linhas"),
        (add(api, said, id_lote, [{}] * 10_001, "pedido-0002"), 422, "linhas_demais"),
        (
            api.put(f"{url}/arquivo", params={"nome": f"../{SECRET}"}, headers=said, content=b"x"),
            422,
            "nome_invalido",
        ),
        (api.put(f"{url}/arquivo", headers=said, content=b"x"), 422, "parametro_invalido"),
        (
            api.post("/v1/validar", params={"nome": f"../{SECRET}"}, headers=said, content=b"x"),
            422,
            "nome_invalido",
        ),
        (
            api.post("/v1/validar", params={"nome": f"{SECRET}.csv"}, headers=said, content=b"x"),
            503,
            "sem_publicacao",
        ),
        (
            api.post("/v1/validar?nome=linhas.json", headers=said, content=b" " * 10_000_001),
            413,
            "corpo_grande_demais",
        ),
    ]
    for answer, status, code in calls:
        problem(answer, status, code)
    add(api, said, id_lote, [debt(1)], "pedido-0002")
    problem(api.put(f"{url}/arquivo?nome=x.csv", headers=said, content=b"x"), 409, "lote_de_outro_canal")


def test_failures_repeat_no_value(
    house: House, api: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said = house.headers("aurora")
    id_lote = open_batch(api, said)

    def fail(error: Exception) -> None:
        def failing(*args: object) -> None:
            raise error

        monkeypatch.setattr(api.app.state.office.tracking, "find", failing)

    fail(OSError(SECRET))
    answer = api.get(f"/v1/lotes/{id_lote}", headers=said)
    problem(answer, 503, "indisponivel")
    assert answer.headers["Retry-After"] == "30"
    fail(RuntimeError(SECRET))
    problem(api.get(f"/v1/lotes/{id_lote}", headers=said), 500, "falha_interna")
    assert SECRET not in caplog.text and "RuntimeError" in caplog.text


def test_calls_that_are_too_many(tmp_path: Path) -> None:
    house = House(tmp_path, calls_a_second=0.1)
    with called(house) as api:
        said = house.headers("aurora")
        for _ in range(2):
            assert api.get("/v1/lotes", headers=said).status_code == 200
        answer = api.get("/v1/lotes", headers=said)
        problem(answer, 429, "chamadas_demais")
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        # Others are not held up.
        assert api.get("/v1/lotes", headers=house.headers("boreal")).status_code == 200


def test_a_batch_that_was_open_for_a_day(house: House) -> None:
    with called(house) as api:
        said = house.headers("aurora")
        id_lote = open_batch(api, said)
        path = house.folder / "drafts" / id_lote / "rascunho.json"
        opened = json.loads(path.read_text())
        opened["aberto_em"] = (datetime.now(UTC) - timedelta(hours=24)).isoformat()
        path.write_text(json.dumps(opened))
        problem(add(api, said, id_lote, [debt(1)], "pedido-0002"), 410, "lote_expirado")
    with called(house) as api:
        seen = api.get(f"/v1/lotes/{id_lote}", headers=said).json()
        assert (seen["status"], seen["motivo"]) == ("cancelado", "lote_expirado")


@pytest.mark.parametrize("to", ["noted", "sent", "received", "cancelled"])
def test_a_batch_is_found_while_it_is_sent(
    house: House, api: httpx.Client, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    """It moves on before or after any look at the events, the notes, the drafts or the inbox."""
    said = house.headers("aurora")
    office = api.app.state.office
    desk = office.desk
    looks = {
        (desk.events, "of_batch"): "/v1/lotes/{}",
        (desk.batches, "sending_of"): "/v1/lotes/{}",
        (desk.folder, "read"): "/v1/lotes/{}",
        (desk.folder, "folders"): "/v1/lotes",
        (desk.places.inbox, "entries"): "/v1/lotes",
        (desk.events, "of_sender"): "/v1/lotes",
    }

    def moving(id_lote: str, look: Any, is_after: bool, moved: list[str]) -> Any:
        def looks_and_moves(*given: Any) -> Any:
            if is_after:
                found = look(*given)
            if not moved:
                moved.append(id_lote)
                if to == "cancelled":
                    office.cancel("aurora", id_lote, "cancelado_pelo_cliente")
                elif to == "noted":
                    path = "cobranca/aurora/linhas.csv"
                    desk.batches.note_sending(id_lote, canal="api_linhas", arquivo=path, nome=path)
                else:
                    desk.send("aurora", id_lote)
                if to == "received":
                    house.gate()
            return found if is_after else look(*given)

        return looks_and_moves

    for ((owner, name), path), is_after in product(looks.items(), (False, True)):
        id_lote = open_batch(api, said, str(uuid4()))
        add(api, said, id_lote, [debt(1)], str(uuid4()))
        moved: list[str] = []
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, moving(id_lote, getattr(owner, name), is_after, moved))
            answer = api.get(path.format(id_lote), headers=said)
        assert moved == [id_lote], (name, is_after)
        assert answer.status_code == 200, (name, is_after, answer.text)
        found = answer.json() if path == "/v1/lotes" else [answer.json()]
        assert [lote["id_lote"] for lote in found].count(id_lote) == 1, (name, is_after)


def test_health(house: House, api: httpx.Client) -> None:
    assert api.get("/saude").json()["build"] is None
    house.publish()
    assert api.get("/saude").json()["build"] == "build-1"


def test_a_judgement_before_anything_is_sent(tmp_path: Path, rules: list[dict[str, Any]]) -> None:
    house = House(tmp_path, rules)
    house.publish()

    def validated(client: str, name: str, body: bytes) -> dict[str, Any]:
        before = {path for path in tmp_path.rglob("*") if path.is_file()}
        said = house.headers(client)
        answer = api.post("/v1/validar", params={"nome": name}, headers=said, content=body)
        assert answer.status_code == 200, answer.text
        after = {path for path in tmp_path.rglob("*") if path.is_file() and "clients" not in path.parts}
        assert after <= before
        return answer.json()

    with called(house) as api:
        found = validated("boreal", "carteira.csv", CARTEIRA)
        assert (found["aceito"], found["linhas"], found["registradas"], found["rejeitadas"]) == (
            True,
            2,
            1,
            1,
        )
        [wrong] = found["rejeicoes"]
        assert wrong["linha"] == 3 and wrong["motivos"] == ["documento_devedor:wrong_check_digit"]
        assert wrong["valores"]["documento_devedor"] == "52998224720" and wrong["mensagem"]
        rows = [debt(1), debt(1), debt(2, valor_divida="x"), debt(3, data_vencimento="2001-01-01")]
        found = validated("aurora", "linhas.json", json.dumps({"dividas": rows}).encode())
        counts = ("linhas", "registradas", "prescritas", "repetidas", "rejeitadas")
        assert [found[key] for key in counts] == [4, 1, 1, 1, 1]
        found = validated("boreal", "carteira.csv", b"a;b\n1;2\n")
        assert not found["aceito"] and found["motivo"] and found["mensagem"]


def client_of_docs(folder: Path) -> Path:
    """Return the Python client that docs/api.md prints, as a file."""
    [code] = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / "api.md").read_text("utf-8"), re.DOTALL)
    path = folder / "client.py"
    path.write_text(code, encoding="utf-8")
    return path


def test_the_client_of_the_docs_is_killed_and_run_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    key, rows = house.key("aurora"), 20_000
    path = tmp_path / "carteira.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(debt(0)))
        writer.writeheader()
        writer.writerows(debt(number) for number in range(rows))
    with house.served() as port:
        url = f"http://127.0.0.1:{port}"
        command = [sys.executable, str(client_of_docs(tmp_path)), url, key, str(path)]
        api = httpx.Client(base_url=f"{url}/v1", headers={"Authorization": f"Bearer {key}"})

        def batches() -> list[dict[str, Any]]:
            return api.get("/lotes").json()

        first = subprocess.Popen(command)
        try:
            until(lambda: batches() and (batches()[0]["linhas"] or 0) >= 2000)
        finally:
            first.kill()
            first.wait()
        [killed] = batches()
        assert killed["status"] == "aberto" and 2000 <= killed["linhas"] < rows
        second = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            until(lambda: batches()[0]["status"] == "enviado")
            assert house.gate() == {killed["id_lote"]: ("aceito", rows)}
            out, _ = second.communicate(timeout=30)
        finally:
            second.kill()
        assert (second.returncode, out) == (0, f"{killed['id_lote']} aceito {rows}\n")
        # Once more, after the end: nothing new comes of it.
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        assert (done.returncode, done.stdout) == (0, out), done.stderr
        assert len(batches()) == 1
    assert [row["id_divida"] for row in house.raw_rows(killed["id_lote"])] == [f"D{n}" for n in range(rows)]


def until(holds: Any) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
