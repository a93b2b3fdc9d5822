"""`lastro client`: a key is printed once, and the list shows which ones are valid."""

from __future__ import annotations

from pathlib import Path

import pytest
from lastro.cli import app
from lastro.serve.clients import Clients
from typer.testing import CliRunner


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("LASTRO_CLIENTS", str(tmp_path / "clients"))

    def call(*words: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, ["client", *words])
        return result.exit_code, result.stdout, result.stderr

    return call


def test_a_key_from_its_beginning_to_its_end(run: object, tmp_path: Path) -> None:
    clients = Clients(tmp_path / "clients")
    code, first, said = run("add", "padaria")
    assert code == 0 and clients.client_of(first.strip()) == "padaria" and first.strip() not in said
    code, second, said = run("rotate", "padaria", "--grace-hours", "1")
    assert code == 0 and "end in 1 hours" in said
    assert clients.client_of(first.strip()) == clients.client_of(second.strip()) == "padaria"
    code, listed, _ = run("list")
    assert code == 0 and "padaria" in listed and "1 clients." in listed and "it is revoked" in listed
    assert first.strip() not in listed and second.strip() not in listed
    assert run("revoke", "padaria")[:2] == (0, "padaria: 2 keys ended.\n")
    assert clients.client_of(second.strip()) is None
    assert "no valid key" in run("list")[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("add", "a b"), "client add: 'a b' cannot be a client."),
        (("rotate", "nobody"), "client rotate: there is no client 'nobody'. List them: lastro client list."),
        (("revoke", "nobody"), "client revoke: there is no client 'nobody'."),
    ],
)
def test_what_is_no_client(run: object, words: tuple[str, ...], message: str) -> None:
    code, out, said = run(*words)
    assert code == 1 and out == "" and message in said and "Traceback" not in said
