"""No client learns anything of another's batch: every route, also one to come, by every method."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import pytest
from conftest import PROJECT
from fastapi import FastAPI, Header
from fastapi.testclient import TestClient
from house import House, add, debt, open_batch
from lastro.serve.api import Client

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
STATES = ("open", "open_with_file", "sent", "accepted", "judged", "cancelled")
WRONG = {"motivos": "valor_divida:amount", "mensagens": "valor_divida: não é um valor."}


def paths(routes: Any) -> Iterator[tuple[str, set[str]]]:
    """Yield every path and its methods, also those that the documentation hides."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from paths(route.original_router.routes)
        elif "{id_lote}" in (getattr(route, "path", None) or ""):
            yield route.path, set(route.methods)


def batch_paths(app: FastAPI) -> dict[str, set[str]]:
    """Return the methods of each path with the number of a batch."""
    found: dict[str, set[str]] = {}
    for path, methods in paths(app.routes):
        if path.startswith("/v1/"):
            found.setdefault(path, set()).update(methods)
    return found


def sample(schema: dict[str, Any]) -> Any:
    """Return a small value of a schema."""
    if "anyOf" in schema:
        return sample(schema["anyOf"][0])
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(schema["properties"][name]) for name in schema.get("required", [])}
    if kind == "array":
        return [sample(schema["items"])] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return "x" * max(8, schema.get("minLength", 0))


def valid_call(app: FastAPI, path: str, method: str) -> dict[str, Any]:
    """Return parameters and a body with which the route is reached, by its documentation."""
    said = app.openapi()["paths"].get(path, {}).get(method.lower(), {})
    call: dict[str, Any] = {"params": {}, "headers": {}}
    for parameter in said.get("parameters", []):
        if parameter["required"] and parameter["in"] in ("query", "header"):
            place = "params" if parameter["in"] == "query" else "headers"
            call[place][parameter["name"]] = str(sample(parameter["schema"]))
    for kind, body in said.get("requestBody", {}).get("content", {}).items():
        if kind == "application/json":
            call["json"] = sample(body["schema"])
        else:
            call["content"] = b"x"
    return call


def seen(answer: httpx.Response, id_lote: str) -> tuple[int, str, dict[str, str]]:
    """Return all of an answer but the number that was asked for."""
    headers = {key: value.replace(id_lote, "ID") for key, value in answer.headers.items()}
    # What names the batch may be longer by as much as its number.
    text = answer.text.replace(id_lote, "ID")
    if headers.get("content-length") == str(len(answer.content)):
        headers["content-length"] = str(len(text.encode()))
    return answer.status_code, text, headers


def assert_isolated(api: TestClient, app: FastAPI, house: House, batches: dict[str, str]) -> int:
    """Assert that nobody but aurora learns whether its batches exist, and return the number of calls."""
    house.keys.setdefault("revogado", house.clients.add("revogado") if "revogado" not in house.keys else "")
    house.clients.revoke("revogado")
    callers = {
        **{client: house.headers(client) for client in ("boreal", "auror", "aurora_2", "Aurora")},
        "no key": {},
        "revoked": {"Authorization": f"Bearer {house.keys['revogado']}"},
        "wrong": {"Authorization": "Bearer lastro_" + "x" * 43},
    }
    before = files(house.folder)
    count = 0
    for path, methods in batch_paths(app).items():
        for method in METHODS:
            call = valid_call(app, path, method)
            for caller, key in callers.items():
                answers = {}
                for state, id_lote in batches.items():
                    headers = call["headers"] | key
                    answer = api.request(
                        method, path.replace("{id_lote}", id_lote), **{**call, "headers": headers}
                    )
                    answers[state] = seen(answer, id_lote)
                    count += 1
                where = f"{method} {path} by {caller}"
                for state, answer in answers.items():
                    assert answer == answers["none"], f"{where}: {state}"
                expected = 405 if method not in methods else 404 if caller in house.keys else 401
                assert answers["none"][0] == expected, f"{where}: {answers['none']}"
    assert files(house.folder) == before
    return count


def files(folder: Path) -> dict[str, bytes]:
    """Return every file of the front door and of the gate."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def app(house: House) -> FastAPI:
    return house.app()


@pytest.fixture
def api(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


@pytest.fixture
def batches(house: House, api: TestClient) -> dict[str, str]:
    """Aurora's batch in each state, and one that does not exist."""
    said = house.headers("aurora")
    for client in ("boreal", "auror", "aurora_2", "Aurora"):
        house.key(client)
    found = {state: open_batch(api, said, f"pedido-{state}") for state in STATES}
    url = f"/v1/lotes/{found['open_with_file']}/arquivo"
    assert api.put(url, params={"nome": "x.csv"}, content=b"x", headers=said).status_code == 200
    # The key is the one with which others come.
    for at, state in enumerate(("open", "judged", "accepted", "sent", "cancelled")):
        assert add(api, said, found[state], [debt(at)], "x" * 8).status_code == 200
    for state in ("judged", "accepted", "sent"):
        if state == "sent":
            house.gate()
        assert api.post(f"/v1/lotes/{found[state]}/envio", headers=said).status_code == 202
    assert api.delete(f"/v1/lotes/{found['cancelled']}", headers=said).status_code == 204
    house.judge(found["judged"], {2: WRONG}, 1)
    own = {state: api.get(f"/v1/lotes/{id_lote}", headers=said) for state, id_lote in found.items()}
    assert [own[state].json()["status"] for state in STATES] == [
        *("aberto", "aberto", "enviado", "aceito", "concluido_com_rejeicoes", "cancelado")
    ]
    return found | {"none": re.sub("[0-9]{4}$", "9999", found["open"])}


def test_nobody_learns_whether_anothers_batch_exists(
    house: House, api: TestClient, app: FastAPI, batches: dict[str, str]
) -> None:
    documented = {path for path in app.openapi()["paths"] if "{" in path}
    assert documented == set(batch_paths(app)) and len(documented) >= 6
    assert assert_isolated(api, app, house, batches) == len(documented) * len(METHODS) * 7 * 7
    # Lists neither.
    for client in ("boreal", "auror", "aurora_2", "Aurora"):
        assert api.get("/v1/lotes", headers=house.headers(client)).json() == []


def test_a_route_that_somebody_adds_is_covered(
    house: House, api: TestClient, app: FastAPI, batches: dict[str, str]
) -> None:
    """Each of these routes leaks something: the test above would fail with it."""
    office = app.state.office

    def add_route(path: str, call: Any, **options: Any) -> None:
        app.openapi_schema = None
        app.add_api_route(path, call, **options)

    def exists(client: Client, id_lote: str) -> dict[str, bool]:
        return {"existe": bool(office.desk.batches.sending_of(id_lote))}

    def hidden(id_lote: str) -> dict[str, int]:
        return {"eventos": len(office.desk.events.of_batch(id_lote))}

    def with_parameter(client: Client, id_lote: str, what: Annotated[str, Header(min_length=20)]) -> None:
        office.tracking.find("aurora", id_lote)

    for call, options in ((exists, {}), (hidden, {"include_in_schema": False}), (with_parameter, {})):
        routes = list(app.router.routes)
        add_route("/v1/lotes/{id_lote}/novo", call, **options)
        with pytest.raises(AssertionError, match="/novo by"):
            assert_isolated(api, app, house, batches)
        app.router.routes[:] = routes
    app.openapi_schema = None
    assert_isolated(api, app, house, batches)


def test_every_route_is_in_the_docs(app: FastAPI) -> None:
    """docs/api.md shows a call of each path."""
    text = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8").replace("$LOTE", "{id_lote}")
    for path in app.openapi()["paths"]:
        assert path in text, path
