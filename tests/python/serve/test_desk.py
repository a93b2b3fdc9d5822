"""The desk: what was confirmed is sent, once; a batch is one client's; a killed server is repaired by the next."""

from __future__ import annotations

import csv
import io
import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lastro.receive.gate import Gate
from lastro.receive.places import Places
from lastro.serve.desk import Desk, Draft
from lastro.serve.problems import Problem

NAMES = ("inbox", "received", "quarantine", "raw")
BOREAL = "Contrato;Cliente;CPF/CNPJ;E-mail;Valor (R$);Vencimento\n7;Ana;52998224725;;1,00;01/01/2026\n"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 26, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places.at(*(str(tmp_path / name) for name in NAMES))


@pytest.fixture
def desk(tmp_path: Path, places: Places, clock: Clock) -> Desk:
    return Desk(tmp_path / "drafts", places, clock)


def debt(number: int, **cells: str) -> dict[str, str]:
    return {
        "id_divida": f"D{number}",
        "nome_devedor": 'Ana, "A"\nLima',
        "documento_devedor": "52998224725",
        "valor_divida": "10.50",
        "data_vencimento": "2026-01-01",
    } | cells


def put(desk: Desk, client: str, id_lote: str, name: str, data: bytes) -> Draft:
    sink = desk.receive_file(client, id_lote, name)
    sink.write(data)
    return desk.keep_file(client, id_lote, name, sink)


def received(places: Places, clock: Clock) -> dict[str, tuple[str, int | None]]:
    gate = Gate(places, now=clock)
    return {found.id_lote: (found.status, found.rows) for found in gate.run(gate.waiting(0))}


def raw_rows(tmp_path: Path, id_lote: str) -> list[dict[str, str]]:
    text = (tmp_path / "raw" / "cobranca" / "dividas" / f"{id_lote}.csv").read_bytes().decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def code(call: object, *args: object) -> tuple[int, str]:
    with pytest.raises(Problem) as found:
        call(*args)
    return found.value.status, found.value.code


def test_rows_of_several_calls_arrive_once_in_their_order(
    desk: Desk, places: Places, clock: Clock, tmp_path: Path
) -> None:
    id_lote = desk.open("aurora", "open-1").id_lote
    assert id_lote == "aurora-20261126-0001" == desk.open("aurora", "open-1").id_lote
    first = desk.add_rows("aurora", id_lote, [debt(1), debt(2)], "call-1", "hash-1")
    assert first == {"id_lote": id_lote, "linhas": 2, "linhas_no_lote": 2}
    second = desk.add_rows("aurora", id_lote, [debt(3)], "call-2", "hash-2")
    assert second["linhas_no_lote"] == 3
    assert desk.add_rows("aurora", id_lote, [debt(1), debt(2)], "call-1", "hash-1") == first
    assert code(desk.add_rows, "aurora", id_lote, [debt(9)], "call-1", "hash-9") == (
        422,
        "chave_de_outro_corpo",
    )
    desk.send("aurora", id_lote)
    desk.send("aurora", id_lote)
    assert received(places, clock) == {id_lote: ("aceito", 3)}
    rows = raw_rows(tmp_path, id_lote)
    assert [row["id_divida"] for row in rows] == ["D1", "D2", "D3"]
    assert rows[0] == debt(1) | {"id_cliente_credor": "aurora", "email_devedor": ""}
    assert desk.drafts("aurora") == [] and received(places, clock) == {}
    # What is sent is closed, for rows, files and sending alike.
    assert code(desk.add_rows, "aurora", id_lote, [debt(4)], "call-3", "x") == (409, "lote_fechado")
    assert code(desk.receive_file, "aurora", id_lote, "x.csv") == (409, "lote_fechado")
    desk.send("aurora", id_lote)
    assert received(places, clock) == {}


def test_a_file_is_read_by_the_clients_format_and_rows_are_not(
    desk: Desk, places: Places, clock: Clock
) -> None:
    with_file, with_rows = (desk.open("boreal").id_lote for _ in range(2))
    put(desk, "boreal", with_file, "other.csv", b"replaced by the next")
    assert put(desk, "boreal", with_file, "carteira.csv", BOREAL.encode("cp1252")).file == "carteira.csv"
    desk.add_rows("boreal", with_rows, [debt(1)], "call-1", "h")
    for id_lote in (with_file, with_rows):
        desk.send("boreal", id_lote)
    assert received(places, clock) == {with_file: ("aceito", 1), with_rows: ("aceito", 1)}
    events = {id_lote: desk.events.of_batch(id_lote) for id_lote in (with_file, with_rows)}
    assert events[with_file][0].dados["canal"] == "api_csv"
    assert events[with_file][0].dados["arquivo"] == "cobranca/boreal/carteira.csv"
    assert events[with_file][-1].dados["versao_formato"] == "1"
    assert events[with_rows][0].dados["canal"] == "api_linhas"
    assert "versao_formato" not in events[with_rows][-1].dados


def test_a_batch_has_rows_or_a_file(desk: Desk) -> None:
    with_file, with_rows, empty = (desk.open("aurora").id_lote for _ in range(3))
    put(desk, "aurora", with_file, "x.csv", b"a")
    desk.add_rows("aurora", with_rows, [debt(1)], "call-1", "h")
    assert code(desk.add_rows, "aurora", with_file, [debt(1)], "call-1", "h") == (409, "lote_de_outro_canal")
    assert code(desk.receive_file, "aurora", with_rows, "x.csv") == (409, "lote_de_outro_canal")
    assert code(desk.send, "aurora", empty) == (409, "lote_vazio")


@pytest.mark.parametrize("other", ["boreal", "aurora_2", "auror", ""])
def test_another_clients_batch_is_not_there(desk: Desk, other: str) -> None:
    id_lote = desk.open("aurora").id_lote
    desk.add_rows("aurora", id_lote, [debt(1)], "call-1", "h")
    for call, *args in (
        (desk.draft,),
        (desk.add_rows, [debt(1)], "call-1", "h"),
        (desk.receive_file, "x.csv"),
        (desk.path_of,),
        (desk.set_format, "x"),
        (desk.format_of,),
        (desk.send,),
    ):
        assert code(call, other, id_lote, *args) == (404, "lote_nao_encontrado")
    desk.withdraw(other, id_lote)
    assert desk.drafts(other) == [] and [draft.rows for draft in desk.drafts("aurora")] == [1]
    desk.send("aurora", id_lote)
    assert code(desk.send, other, id_lote) == (404, "lote_nao_encontrado")


@pytest.mark.parametrize(
    "id_lote",
    ["", ".", "..", "../x", "abertos", "aurora", "aurora-20261126-0009", "aurora-20261126-1/..", "\0"],
)
def test_what_is_no_batch_is_not_there(desk: Desk, id_lote: str) -> None:
    desk.open("aurora", "open-1")
    assert code(desk.add_rows, "aurora", id_lote, [debt(1)], "call-1", "h") == (404, "lote_nao_encontrado")
    assert code(desk.send, "aurora", id_lote) == (404, "lote_nao_encontrado")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        ".lote.json",
        "a/b.csv",
        "../b.csv",
        "a\\b.csv",
        "a\nb",
        "a\0b",
        "x~y.csv",
        "é" * 91,
        'a"b',
    ],
)
def test_names_that_no_file_may_have(desk: Desk, name: str) -> None:
    id_lote = desk.open("aurora").id_lote
    assert code(desk.receive_file, "aurora", id_lote, name) == (422, "nome_invalido")


def test_a_batch_that_is_open_for_a_day_ends(desk: Desk, clock: Clock) -> None:
    id_lote = desk.open("aurora").id_lote
    desk.add_rows("aurora", id_lote, [debt(1)], "call-1", "h")
    clock.now += timedelta(hours=23, minutes=59)
    desk.add_rows("aurora", id_lote, [debt(2)], "call-2", "h")
    assert desk.expired() == []
    clock.now += timedelta(minutes=1)
    assert code(desk.add_rows, "aurora", id_lote, [debt(3)], "call-3", "h") == (410, "lote_expirado")
    assert desk.expired() == [("aurora", id_lote)]


def test_a_call_whose_like_is_at_work_is_told_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    id_lote = desk.open("aurora").id_lote
    entered, go_on = threading.Event(), threading.Event()
    write = desk.folder.write

    def slow(name: str, data: bytes) -> None:
        entered.set()
        assert go_on.wait(10)
        write(name, data)

    monkeypatch.setattr(desk.folder, "write", slow)
    answers = []
    call = ("aurora", id_lote, [debt(1)], "call-1", "h")
    first = threading.Thread(target=lambda: answers.append(desk.add_rows(*call)))
    first.start()
    assert entered.wait(10)
    assert code(desk.add_rows, *call) == (425, "chamada_em_andamento")
    go_on.set()
    first.join()
    assert answers == [desk.add_rows(*call)]
    assert desk.draft("aurora", id_lote).rows == 1


class Killed(BaseException):
    """The server was killed here."""


@pytest.mark.parametrize("gate_comes_first", [False, True])
def test_a_kill_at_any_step_of_sending_loses_and_doubles_nothing(
    clock: Clock, tmp_path: Path, gate_comes_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in itertools.count():
        folder = tmp_path / str(step)
        places = Places.at(*(str(folder / name) for name in NAMES))
        desk = Desk(folder / "drafts", places, clock)
        id_lote = desk.open("aurora").id_lote
        desk.add_rows("aurora", id_lote, [debt(1), debt(2)], "call-1", "h")
        was_killed = killed_at(step, desk, lambda: desk.send("aurora", id_lote), monkeypatch)  # noqa: B023
        # The next server mends it, or the client sends it again; a gate may come before or after.
        came = received(places, clock) if gate_comes_first else {}
        again = Desk(folder / "drafts", places, clock)
        again.mend()
        again.send("aurora", id_lote)
        came |= received(places, clock)
        assert came == {id_lote: ("aceito", 2)}, step
        assert [row["id_divida"] for row in raw_rows(folder, id_lote)] == ["D1", "D2"]
        assert again.drafts("aurora") == [] and received(places, clock) == {}
        if not was_killed:
            break
    assert step > 10


def killed_at(step: int, desk: Desk, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Act until this operation on a root, and return whether it came so far."""
    left = [step]

    def stepped(inner: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object) -> object:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return inner(*args)

        return call

    places = desk.places
    with monkeypatch.context() as patch:
        for root in (desk.folder, places.received, places.inbox, places.raw):
            for name in ("write", "create", "put", "delete", "entry", "read"):
                patch.setattr(root, name, stepped(getattr(root, name)))
        try:
            act()
        except Killed:
            return True
    return False


def test_rows_are_those_that_were_confirmed_after_a_restart(
    desk: Desk, places: Places, clock: Clock, tmp_path: Path
) -> None:
    id_lote = desk.open("aurora", "open-1").id_lote
    answer = desk.add_rows("aurora", id_lote, [debt(1)], "call-1", "h")
    again = Desk(tmp_path / "drafts", places, clock)
    again.mend()
    assert again.open("aurora", "open-1").id_lote == id_lote
    assert again.add_rows("aurora", id_lote, [debt(1)], "call-1", "h") == answer
    assert again.draft("aurora", id_lote).rows == 1


def test_two_servers_never_share_drafts(desk: Desk, places: Places, tmp_path: Path) -> None:
    with (
        desk.alone(),
        pytest.raises(RuntimeError, match="another server uses"),
        Desk(tmp_path / "drafts", places).alone(),
    ):
        pass
    with Desk(tmp_path / "drafts", places).alone():
        pass


def test_a_file_named_like_a_batch_is_a_file_like_others(places: Places, clock: Clock) -> None:
    """Only what the desk noted is taken for an open batch; its number belongs to one client."""
    data = b"id_cliente_credor,id_divida,nome_devedor,documento_devedor,valor_divida,data_vencimento\n"
    places.inbox.write(
        "cobranca/aurora/aurora-20261126-0007~x.csv", data + b"aurora,1,Ana,52998224725,1.00,2026-01-01\n"
    )
    places.inbox.write(
        "cobranca/aurora/boreal-20261126-0001~y.csv", data + b"aurora,2,Ana,52998224725,1.00,2026-01-01\n"
    )
    assert set(received(places, clock)) == {"aurora-20261126-0001", "aurora-20261126-0002"}
