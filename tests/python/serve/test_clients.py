"""Keys of clients: only hashes are kept, old keys end in time, and no name can be that of another client."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lastro.serve.clients import Clients


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def clients(tmp_path: Path, clock: Clock) -> Clients:
    return Clients(tmp_path / "clients", clock)


def test_a_key_is_its_clients_and_kept_nowhere(clients: Clients, tmp_path: Path) -> None:
    key, other = clients.add("aurora"), clients.add("boreal")
    assert key != other and len(key) == 50
    assert clients.client_of(key) == "aurora" and clients.client_of(other) == "boreal"
    files = list((tmp_path / "clients").glob("*.json"))
    assert len(files) == 2
    for path in files:
        assert key not in path.read_text() and other not in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # A second server, or the same one after a restart, knows them too.
    assert Clients(tmp_path / "clients").client_of(key) == "aurora"


@pytest.mark.parametrize(
    "key",
    ["", "lastro_", "x", "lastro_" + "A" * 43, "lastro_" + "A" * 44, "lastro_" + "é" * 43, "a" * 10_000],
)
def test_what_is_no_key_is_nobodys(clients: Clients, key: str) -> None:
    clients.add("aurora")
    assert clients.client_of(key) is None


def test_rotated_keys_end_after_their_grace(clients: Clients, clock: Clock) -> None:
    first = clients.add("aurora")
    second = clients.rotate("aurora", timedelta(hours=24))
    clock.now += timedelta(hours=23, minutes=59)
    assert clients.client_of(first) == clients.client_of(second) == "aurora"
    # A second rotation does not lengthen the life of the first key.
    third = clients.rotate("aurora", timedelta(hours=24))
    clock.now += timedelta(minutes=1)
    assert clients.client_of(first) is None
    assert clients.client_of(second) == clients.client_of(third) == "aurora"
    clock.now += timedelta(days=1000)
    assert clients.client_of(second) is None and clients.client_of(third) == "aurora"


def test_revoked_keys_end_at_once_also_for_a_server_that_runs(clients: Clients, tmp_path: Path) -> None:
    key = clients.add("aurora")
    server = Clients(tmp_path / "clients")
    assert server.client_of(key) == "aurora"
    assert clients.revoke("aurora") == 1
    assert server.client_of(key) is None
    again = clients.rotate("aurora", timedelta(0))
    assert server.client_of(again) == "aurora" and server.client_of(key) is None


@pytest.mark.parametrize("name", ["", "a b", "a/b", "..", "loja-sul", "açaí", "_a", "a_", "a" * 61, "a\n"])
def test_names_that_are_not_their_own_batches(clients: Clients, name: str, tmp_path: Path) -> None:
    """Batches of "a b" and of "a_b" have the same numbers, so that one would see the other's."""
    with pytest.raises(ValueError, match="cannot be a client"):
        clients.add(name)
    assert list(tmp_path.rglob("*.json")) == []


def test_a_client_is_added_once(clients: Clients) -> None:
    key = clients.add("aurora")
    with pytest.raises(ValueError, match="a client already"):
        clients.add("aurora")
    assert clients.client_of(key) == "aurora"
    for missing in (lambda: clients.rotate("boreal", timedelta(0)), lambda: clients.revoke("boreal")):
        with pytest.raises(ValueError, match="there is no client 'boreal'"):
            missing()


def test_what_a_file_holds(clients: Clients, tmp_path: Path) -> None:
    clients.add("aurora")
    [key] = json.loads((tmp_path / "clients" / "aurora.json").read_text())["chaves"]
    assert key["criada_em"] == "2026-11-26T12:00:00+00:00" and key["valida_ate"] is None
    assert len(key["sha256"]) == 64
